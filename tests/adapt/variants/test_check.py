"""A whole tree with the claims of the real one, every one of which has to be found, and one with none of them."""

from __future__ import annotations

from collections import Counter
from pathlib import PurePath

import pytest

from remuda.adapt.variants.check import Checked, check, is_variant
from tests.adapt.variants.tree import FILE, PKGS, TRUE, tree, wanted

LINES = list(FILE.lines)


def kinds(found: Checked) -> Counter[str]:
    """Findings by what they are about."""
    words = {
        "driver": "comes with driver",
        "card": "L40S` is 8.9 (Ada), not 9.0",
        "hash": "the archive of nixpkgs has no hash",
        "jobs": "jobs may take more than the 125 GB",
        "kernels": "not for 6.1",
        "doubtful": "compiles nothing for 10.3",
        "override": "does not have the defect",
        "torch": "it says 2.10.0, and nixpkgs 0182a36 has PyTorch 2.9.1",
        "wheel": "compiled from source; the pre-built one is `torch-bin`",
    }
    told = Counter[str]()
    for finding in found.findings:
        told[next((kind for kind, word in words.items() if word in finding.problem.message), "other")] += 1
    return told


@pytest.mark.parametrize(
    ("line", "variants", "pascal", "hopper"),
    [
        ("main", 88, 4, 14),
        ("vllm-0.14.1-python312", 98, 4, 14),
        ("vllm-0.14.1-python311", 98, 4, 14),
        ("vllm-0.14.0-python312", 98, 4, 14),
        ("vllm-0.14.0-python311", 98, 4, 14),
        ("vllm-0.13.0", 10, 0, 2),
        ("vllm-0.14.0", 10, 0, 2),
    ],
)
def test_every_wrong_claim_of_a_branch_is_found(line: str, variants: int, pascal: int, hopper: int) -> None:
    found = check(tree(line), FILE)
    toolkits = len(FILE.lines[line].cuda)
    doubtful = sum("-sm103-" in str(each.name) for each in wanted(line))
    needless = sum("cuda12_8" in str(each.name) for each in wanted(line))
    assert found.variants == variants
    assert kinds(found) == Counter(
        {
            "driver": variants + toolkits,
            "card": 2 * hopper + 1,
            "hash": variants,
            "jobs": variants,
            "kernels": pascal,
            "doubtful": doubtful,
            "override": needless,
            "torch": 1,
            "wheel": 1,
        }
    ) - Counter({"doubtful": 0})


@pytest.mark.parametrize("line", LINES)
def test_a_tree_without_mistakes_has_no_findings_but_what_cannot_work(line: str) -> None:
    assert set(kinds(check(tree(line, TRUE), FILE))) <= {"kernels", "doubtful"}
    sure = [each for each in wanted(line) if each.state == "yes"]
    assert check(tree(line, TRUE, sure), FILE).findings == ()


def test_every_finding_has_its_file_and_line_in_order() -> None:
    found = check(tree("vllm-0.13.0"), FILE).findings
    places = [(str(each.path), each.problem.position) for each in found]
    assert all(position for _, position in places)
    assert places == sorted(places, key=lambda place: (place[0], place[1]))


def test_the_machine_that_builds_decides_on_the_jobs() -> None:
    large = FILE.model_copy(update={"build": FILE.build.model_copy(update={"memory_gb": 128})})
    assert "jobs" not in kinds(check(tree("vllm-0.13.0"), large))


def test_what_variants_share_is_looked_at_too() -> None:
    texts = {PurePath("lib/custom-torch.nix"): 'ninjaFlags = [ "-j16" ];\nexport MAX_JOBS=16\n'}
    found = check(texts, FILE)
    assert [(str(each.path), each.problem.position and each.problem.position.line) for each in found.findings] == [
        ("lib/custom-torch.nix", 1),
        ("lib/custom-torch.nix", 2),
    ]


def test_a_variant_is_told_by_its_name() -> None:
    assert is_variant(PKGS / "vllm-python312-cuda12_9-sm90.nix")
    assert not is_variant(PKGS / "bitsandbytes-cuda12_9.nix")
    assert not is_variant(PurePath("vllm-notes.md"))
