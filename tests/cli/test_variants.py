"""`remuda variants`, as users meet it; what it decides is tested beside the rooms that do."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from remuda.cli.main import run
from remuda.knowledge.rows import text
from remuda.spec.variants import Build, Line, Source, Variants, read
from tests.adapt.variants.tree import TRUE, tree
from tests.facts.make_hosts import HOSTS

REVISION = "0" * 39 + "a"
HASH = "sha256-qoC3RpjnqbMR3JwkJfquIyuXhLyW+uGG+zSCCek4G2U="


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs the command; returns its exit code and what it printed."""

    def call(*arguments: str) -> tuple[int, str, str]:
        code = run(["variants", *arguments])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return call


def pinned(folder: Path) -> None:
    """A file of our own lines in which every hash is known."""
    (folder / "variants.yaml").write_text(text("variants.yaml").replace(": null", f": {HASH}"))


def test_the_list_shows_what_is_built_and_what_is_left_out(said: Any) -> None:
    code, out, _ = said("list", "--line", "main")
    assert code == 0
    lines = out.splitlines()
    assert lines[0] == "main: vLLM 0.15.1, 84 variants"
    assert lines[1].split() == ["variant", "GPUs", "CUDA", "driver", "platform", "disk", "memory", "to", "build"]
    assert sum(line.startswith("vllm-") for line in lines) == 84
    assert "left out: 6 variants: CUDA 12.8 cannot compile for 10.3, which came with CUDA 12.9" in lines
    assert lines[-1] == "each build: 15 jobs = floor(125 GB / 8 GB); 45 to 120 GB at the peak of a build"


def test_the_list_is_forced_and_counted_for_another_machine(said: Any) -> None:
    code, out, _ = said("list", "--force", "--memory-gb", "512", "--cores", "64", "--builds", "4", "--json")
    told = json.loads(out)
    assert (code, len(told["variants"]), told["jobs"]) == (0, 88 + 4 * 98 + 20, 16)
    assert told["build"] == {"memory_gb": 512, "cores": 64, "builds": 4}
    assert {each["why"] for each in told["left_out"]} == {
        "CUDA 12.8 cannot compile for 10.3, which came with CUDA 12.9"
    }
    _, out, _ = said("list", "--line", "main", "--memory-gb", "4")
    assert out.endswith("; it may not fit\n")


def test_an_unknown_line_is_refused_with_the_nearest(said: Any) -> None:
    code, _, err = said("list", "--line", "mian")
    assert code == 2
    assert "there is no line `mian` in variants.yaml of Remuda" in err
    assert "write `main`" in err


def test_a_file_with_mistakes_is_refused_at_their_places(said: Any, folder: Path) -> None:
    (folder / "variants.yaml").write_text(text("variants.yaml").replace('"7.5": [avx,', '"7.5": [avx9,', 1))
    code, _, err = said("list")
    assert code == 2
    assert "variants.yaml:29:15: `avx9` is no instruction set that is known" in err


def test_nothing_is_written_without_a_hash(said: Any, folder: Path) -> None:
    code, out, err = said("render", "-o", "out", "--line", "vllm-0.14.0")
    assert (code, out) == (3, "")
    assert "the hash of nixpkgs 46336d4 is not known" in err
    assert "nix-prefetch-url --unpack https://github.com/NixOS/nixpkgs/archive/46336d4d" in err
    assert not (folder / "out").exists()


def test_files_are_written_once_and_what_is_gone_is_removed(said: Any, folder: Path) -> None:
    pinned(folder)
    assert said("render", "-o", "out", "--line", "main")[:2] == (0, "out: 85 written, 0 unchanged, 0 removed\n")
    assert said("render", "-o", "out", "--line", "main")[:2] == (0, "out: 0 written, 85 unchanged, 0 removed\n")
    code, out, _ = said("render", "-o", "out", "--line", "vllm-0.13.0", "--json")
    assert (code, len(json.loads(out)["removed"])) == (0, 84)
    assert (
        'sha256 = "sha256-dYP3DjiL7oIiiq3H65tGIXXIT1Waiadmv93JS0sS+8A="'
        in (folder / "out" / "vllm-python312-cuda12_9-sm90.nix").read_text()
    )
    assert said("render", "-o", "all", "--force")[1] == f"all: {88 + 4 * 98 + 20 + 7} written, 0 unchanged, 0 removed\n"
    assert (folder / "all" / "main" / "VARIANTS.md").exists()


def test_zeros_are_written_on_request_with_a_warning(said: Any, folder: Path) -> None:
    code, _, err = said("render", "-o", "out", "--line", "vllm-0.14.0", "--fake-hash")
    assert code == 0
    assert "warning: the hash of nixpkgs 46336d4 is not known: `vllm-0.14.0` has zeros instead" in err
    assert "sha256-AAAA" in (folder / "out" / "vllm-python312-cuda12_9-sm90.nix").read_text()


def test_a_cuda_is_one_command_for_data_files_and_tables(said: Any, folder: Path) -> None:
    pinned(folder)
    before = (folder / "variants.yaml").read_text()
    code, out, _ = said("add", "cuda", "13.0", "-o", "out")
    assert code == 0
    assert "+ vllm-python313-cuda13_0-sm90-armv9" in out.splitlines()
    assert "left out: 2 variants: CUDA 13.0 cannot compile for 6.1, which was last compiled for by CUDA 12.9" in out
    assert "variants.yaml: main gains 45 variants\n" in out
    after = (folder / "variants.yaml").read_text()
    assert after == before.replace('cuda: ["12.9", "12.8"]', 'cuda: ["12.9", "12.8", "13.0"]', 1)
    made = (folder / "out" / "vllm-python313-cuda13_0-sm90-armv9.nix").read_text()
    assert "final.cudaPackages_13_0" in made
    assert "COMPUTE_CAPABILITY" not in made
    assert "| vllm-python313-cuda13_0-sm90-armv9 |" in (folder / "out" / "VARIANTS.md").read_text()


def test_a_vllm_is_one_command_and_makes_the_file(said: Any, folder: Path) -> None:
    new = ("add", "vllm", "0.20.0", "--nixpkgs", REVISION, "--hash", HASH, "--torch", "2.11.0", "--python", "3.13")
    code, out, _ = said(*new, "--json")
    assert code == 0
    (line,) = json.loads(out)["lines"]
    assert (line["line"], len(line["gained"]), len(line["refused"])) == ("vllm-0.20.0", 84, 10)
    assert "# The build matrix" in (folder / "variants.yaml").read_text()
    assert said("list", "--line", "vllm-0.20.0")[1].startswith("vllm-0.20.0: vLLM 0.20.0, 84 variants\n")
    assert said("render", "--line", "vllm-0.20.0", "-o", "out")[1] == "out: 85 written, 0 unchanged, 0 removed\n"


def test_a_capability_is_one_command(said: Any, folder: Path) -> None:
    code, out, _ = said("add", "sm", "12.1", "--isa", "armv9", "--line", "vllm-0.14.1-python312")
    assert (code, out.splitlines()[0]) == (0, "+ vllm-python312-cuda12_9-sm121-armv9")
    assert (folder / "variants.yaml").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["vllm", "0.20.0"], "cannot add vLLM 0.20.0 without a nixpkgs that has it"),
        (["cuda", "13.0", "--torch", "2.11.0"], "cannot use `--torch` with `add cuda`"),
        (["sm", "12.1", "--nixpkgs", REVISION], "cannot use `--nixpkgs` with `add sm`"),
        (["cuda", "13.0", "--isa", "avx"], "cannot use `--isa` with `add cuda`"),
        (["sm", "12.1", "--isa", "avx3"], "`avx3` is no instruction set that is known"),
        (["cuda", "12.9"], "`main` has CUDA 12.9 already"),
        (["cuda", "13.0", "-o", "out", "--json"], "cannot tell of the files as JSON"),
        (["vllm", "0.20.0", "--line", "main", "--line", "vllm-0.13.0"], "cannot make one line like several"),
        (["cuda", "13.0", "-f", "-"], "cannot add to standard input"),
    ],
)
def test_what_cannot_be_added_leaves_no_file(arguments: list[str], message: str, said: Any, folder: Path) -> None:
    code, _, err = said("add", *arguments)
    assert code == 2
    assert message in err
    assert not (folder / "variants.yaml").exists()


def facts(machine: str) -> str:
    return str(HOSTS / machine / "expected.json")


def test_the_variant_of_a_machine_is_said_with_the_reasons(said: Any) -> None:
    code, out, _ = said("pick", "--facts", facts("h200"))
    assert code == 0
    lines = out.splitlines()
    assert lines[0] == "cuda0 (NVIDIA H200, 9.0): vllm-python313-cuda12_9-sm90-avx512bf16 of main"
    assert lines[1] == "  driver 580.95.05 is no older than that of CUDA 12.9.0 (575.51.03)"
    assert "  not 42 others: it would run; the one that was taken is of a newer vLLM" in lines
    assert lines[-1].endswith("others: they have no code for 9.0")


def test_a_card_without_a_variant_is_exit_code_3(said: Any) -> None:
    code, out, err = said("pick", "--facts", facts("rtx-3090-gtx-1080ti"), "--json")
    assert code == 3
    assert [each["variant"] for each in json.loads(out)] == [
        None,
        {"line": "main", "name": "vllm-python313-cuda12_9-sm86-avx2"},
    ]
    assert "no variant is for `NVIDIA GeForce GTX 1080 Ti` (6.1)" in err
    assert said("pick", "--facts", facts("mi300x"))[0] == 3


def write(folder: Path, files: dict[Any, str]) -> None:
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content)


def test_a_tree_is_checked_file_by_file(said: Any, folder: Path) -> None:
    write(folder / "tree", tree("vllm-0.13.0"))
    code, out, err = said("check", "tree")
    assert code == 2
    place = "tree/.flox/pkgs/vllm-python312-cuda12_9-sm90.nix:1:37"
    assert f"{place}: `L40S` is 8.9 (Ada), not 9.0\n  hint: name it with SM89" in out
    assert "tree/CLAUDE.md:3:33: it says 2.10.0, and nixpkgs 0182a36 has PyTorch 2.9.1" in out
    assert "errors in 10 variants and the pages about them" in err


def test_a_tree_without_mistakes_is_said_to_have_none(said: Any, folder: Path) -> None:
    write(folder / "tree", tree("vllm-0.13.0", TRUE))
    assert said("check", "tree")[:2] == (0, "10 variants: nothing to say against them\n")
    code, out, _ = said("check", "tree", "--memory-gb", "64", "--json")
    assert (code, len(json.loads(out)["findings"])) == (2, 10)


def test_a_directory_without_variants_is_refused(said: Any, folder: Path) -> None:
    code, _, err = said("check", ".")
    assert code == 2
    assert "there are no variants in `.`" in err


def test_two_lines_are_compared(said: Any) -> None:
    code, out, _ = said("diff", "vllm-0.14.1-python312", "main")
    assert code == 0
    lines = out.splitlines()
    assert lines[0] == "vllm: 0.14.1 -> 0.15.1"
    assert "84 builds are in both" in lines
    assert lines[-1] == "main gains 0 and loses 10 against vllm-0.14.1-python312"
    told = json.loads(said("diff", "main", "vllm-0.14.1-python312", "--json")[1])
    assert (len(told["gained"]), told["lost"], told["both"]) == (10, [], 84)


def test_the_guide_names_every_key_and_its_example_has_no_problems() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "guides" / "variants.md").read_text(encoding="utf-8")
    example = re.search("```yaml\n(.*?)```", guide, re.DOTALL)
    assert example
    read(example[1], "guide")
    keys = {*Build.model_fields, *Source.model_fields, *Line.model_fields, *Variants.model_fields}
    assert {key for key in keys if key not in guide} == set()
