"""Every expression, parsed and evaluated by two versions of Nix against a stub of nixpkgs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from remuda.knowledge.rows import text
from remuda.plan.variants.jobs import jobs
from remuda.plan.variants.matrix import Variant, variants
from remuda.render.nix.printer import to_nix
from remuda.render.variants.expression import describe, expression
from remuda.spec.variants import Variants, read
from tests.render.nix.evaluator import VERSIONS, evaluate_all, refusal

FILE: Variants = read(text("variants.yaml"), "variants.yaml")[0]
JOBS = jobs(FILE.build)
HASH = "0" * 52
STUBS = Path(__file__).parent / "stubs"
ALL = {
    (line, str(each.name)): each
    for line, spec in FILE.lines.items()
    for each in variants(line, spec)
    if each.is_wanted(force=True)
}


def made(variant: Variant) -> str:
    return to_nix(expression(variant, JOBS, HASH))


def called(variant: Variant) -> str:
    """The package, without the functions that JSON has no form for."""
    return f'removeAttrs ((\n{made(variant)}) {{ pinned = {STUBS}; }}) [ "override" "overrideAttrs" ]'


def expected(variant: Variant) -> dict[str, Any]:
    """What the package has to be, told from the variant in another way than by rendering it."""
    name, digits = variant.name, variant.name.capability.replace(".", "")
    tag, suffix = name.cuda.replace(".", "_"), name.isa.suffix
    torch: dict[str, Any] = {"pname": "torch", "preConfigure": "base\n"}
    is_old = name.capability in {"6.1", "7.0"}
    if name.isa.flags or is_old:
        flags = " ".join(name.isa.flags)
        exports = [f'export {each}="{flags} ${each}"' for each in ("CFLAGS", "CXXFLAGS")] if flags else []
        exports += ["export MAX_JOBS=15", *(["export USE_CUDNN=0"] if is_old else [])]
        torch = {
            "pname": f"torch-cuda{tag}-sm{digits}" + (f"-{suffix}" if suffix else ""),
            "preConfigure": "base\n" + "".join(f"{line}\n" for line in exports),
            "requiredSystemFeatures": ["big-parallel"],
            "NIX_BUILD_CORES": 15,
            "arguments": {"cudaSupport": True, "gpuTargets": [name.capability]},
        }
    single = [f"-DCOMPUTE_CAPABILITY={digits}"] if name.cuda == "12.9" else []
    source = variant.spec.source
    fetched = {"owner": "vllm-project", "repo": "vllm", "tag": "v0.14.1", "hash": source.hash} if source else None
    return {
        "pname": str(name),
        "NIX_BUILD_CORES": 15,
        "requiredSystemFeatures": ["big-parallel"],
        "meta": {"license": "asl20", "description": describe(variant), "platforms": [name.isa.platform]},
        **({"version": "0.14.1", "src": fetched} if fetched else {}),
        "built": {
            "system": name.isa.platform,
            "config": {"allowUnfree": True, "cudaSupport": True, "cudaCapabilities": [name.capability]},
            "version": name.python,
            "cuda": name.cuda,
            "torch": torch,
            "bitsandbytes": ["-DBASE=1", *single],
        },
    }


@pytest.mark.parametrize("version", VERSIONS)
def test_every_expression_evaluates_to_what_was_asked(version: str) -> None:
    found = evaluate_all([called(each) for each in ALL.values()], version)
    assert found == [expected(each) for each in ALL.values()]


@pytest.mark.parametrize("version", VERSIONS)
def test_without_a_nixpkgs_the_pinned_one_is_fetched(version: str) -> None:
    said = refusal(f"({made(ALL['main', 'vllm-python313-cuda12_9-sm90-avx'])}) {{ }}", version)
    assert "0182a361324364ae3f436a63005877674cf45efb" in said or "store" in said


def test_the_header_says_what_a_person_wants_to_know() -> None:
    head = [line for line in made(ALL["main", "vllm-python313-cuda12_9-sm103-armv9"]).splitlines() if line[:1] == "#"]
    assert head[:4] == [
        "# vLLM 0.15.1 for NVIDIA Blackwell (SM103), CUDA 12.9, Armv9",
        "# Cards: B300, GB300",
        "# CUDA 12.9.0: driver 575.51.03 or newer; binary code runs from 525.60.13 on (minor version",
        "# compatibility)",
    ]
    assert any(line.startswith("# Note: doubtful: vLLM 0.15.1 compiles nothing for 10.3") for line in head)
    assert head[-1] == "# Written by `remuda variants render` from the line `main`."
    assert max(map(len, head)) <= 100


def test_l40s_is_no_hopper() -> None:
    assert "L40S" not in made(ALL["main", "vllm-python313-cuda12_9-sm90-avx"])
    assert "L40S" in made(ALL["main", "vllm-python313-cuda12_9-sm89-avx"])
