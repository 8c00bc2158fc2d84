from __future__ import annotations

import pytest

from remuda.adapt.variants.anatomy import Written
from remuda.adapt.variants.files import judge, parallel
from remuda.plan.variants.jobs import jobs
from tests.adapt.variants.tree import FILE, PKGS, TRUE, nix, wanted

JOBS = jobs(FILE.build)
LINES = tuple(FILE.lines.values())
BY_NAME = {str(each.name): each for line in ("vllm-0.14.1-python312", "vllm-0.13.0") for each in wanted(line)}
HOPPER = "vllm-python312-cuda12_9-sm90-avx512"
VOLTA = "vllm-python312-cuda12_8-sm70-avx2"


def said(name: str, *changes: tuple[str, str], stem: str | None = None) -> list[str]:
    """What is wrong with a true file after some changes of its text."""
    text = nix(BY_NAME[name], TRUE)
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    file = Written(PKGS / f"{stem or name}.nix", text)
    found = list(judge(file, LINES, JOBS))
    return [f"{each.position.line if each.position else 0}: {each.message}" for each in found]


@pytest.mark.parametrize("name", [HOPPER, VOLTA, "vllm-python312-cuda12_9-sm90-arm64"])
def test_a_true_file_has_nothing_wrong(name: str) -> None:
    assert said(name) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            ('smCapability = "9.0"', 'smCapability = "8.0"'),
            "13: `smCapability` has `8.0`, and the file's name says `9.0`",
        ),
        (('[ "9.0" ]', '[ "8.0" ]'), '10: `cudaCapabilities` has `"8.0"`, and the file\'s name says `"9.0"`'),
        (("cudaPackages_12_9", "cudaPackages_12_8"), "11: the overlay has `12_8`, and the file's name says `12_9`"),
        (("python312Packages", "python313Packages"), "19: the package set has `313`, and the file's name says `312`"),
        ((").avx512;", ").avx2;"), "15: `cpuISA` has `avx2`, and the file's name says `avx512`"),
        (
            ('platform = "x86_64-linux"', 'platform = "aarch64-linux"'),
            "16: AVX-512 is an instruction set of x86_64-linux, and the platform is aarch64-linux",
        ),
        (("# PyTorch 2.9.1", "# PyTorch 2.10.0"), "3: it says PyTorch 2.10.0, and that nixpkgs has 2.9.1"),
        (("# vLLM 0.14.1", "# vLLM 0.14.0"), "1: it says vLLM 0.14.0, and builds 0.14.1"),
        (("CORES = 15", "CORES = 16"), "25: 16 jobs may take more than the 125 GB of the machine"),
    ],
)
def test_each_mistake_is_found_at_its_line(change: tuple[str, str], message: str) -> None:
    found = said(HOPPER, change)
    assert len(found) == 1
    assert found[0].startswith(message)


def test_a_source_without_a_hash_is_found() -> None:
    assert said(HOPPER, (' hash = "sha256-', ' sum = "sha256-')) == ["22: the source has no hash"]


def test_a_pin_without_a_hash_is_found_with_the_command_that_tells_it() -> None:
    text = nix(BY_NAME[HOPPER], TRUE).replace(f'    sha256 = "{"0" * 52}";\n', "")
    (found,) = judge(Written(PKGS / f"{HOPPER}.nix", text), LINES, JOBS)
    assert found.hint
    assert "nix-prefetch-url --unpack https://github.com/NixOS/nixpkgs/archive/46336d4d" in found.hint


def test_a_file_under_another_name_is_found() -> None:
    stem = "vllm-python312-cuda12_9-sm80-avx512"
    assert len(said(HOPPER, stem=stem)) == 3
    assert said(HOPPER, stem="vllm-hopper")[0].startswith("1: `vllm-hopper` is no name of a variant")


def test_an_override_belongs_where_its_defect_is() -> None:
    assert said(HOPPER, ("-DCOMPUTE_CAPABILITY", "-DOTHER"))[0].startswith("1: CCCL 2.8.2 of CUDA 12.9 has no")
    assert said(VOLTA, ("USE_CUDNN=0", "USE_CUDNN=1"))[0].startswith("1: cuDNN has no code for Maxwell")
    there = (("pname = ", 'x = "-DCOMPUTE_CAPABILITY"; pname = '),)
    assert said(VOLTA, *there) == ["20: the CCCL of CUDA 12.8 does not have the defect that this override is for"]


def test_bitsandbytes_that_is_left_out_needs_no_override() -> None:
    assert said(HOPPER, ("-DCOMPUTE_CAPABILITY", ' x != "bitsandbytes"')) == []


def test_what_cannot_work_is_refused_with_its_source() -> None:
    (found,) = said("vllm-python312-cuda12_9-sm61-avx")
    assert "not for 6.1 (vLLM 0.11.1 CMakeLists.txt, CUDA_SUPPORTED_ARCHS)" in found
    assert "the package builds, and has no kernels" in found


@pytest.mark.parametrize(("text", "count"), [("NIX_BUILD_CORES = 15", 0), ("MAX_JOBS=16", 1), ('"-j64"', 1), ("16", 0)])
def test_jobs_are_found_in_every_spelling(text: str, count: int) -> None:
    assert len(list(parallel(text, JOBS))) == count


def test_a_card_that_the_toolkit_does_not_know_is_refused() -> None:
    stem = "vllm-python312-cuda12_8-sm103-avx512"
    changes = (('"9.0"', '"10.3"'), ("12_9", "12_8"), ("sm90", "sm103"), ("SM90: H100, H200", "SM103: B300"))
    found = said(HOPPER, *changes, ("CUDA 12.9", "CUDA 12.8"), stem=stem)
    assert found[0].startswith(
        "1: CUDA 12.8 cannot compile for 10.3, which came with CUDA 12.9 (CUDA 12.9 release notes"
    )
    assert len(found) == 3
