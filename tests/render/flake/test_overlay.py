"""Torch and vLLM as the package sets of a flake have them."""

from __future__ import annotations

from typing import Any

import pytest

from remuda.render.flake.overlay import configuration, targets
from remuda.render.flake.target import NAME
from remuda.render.nix.printer import to_nix
from remuda.spec.nix import Nix
from tests.render import golden
from tests.render.flake.flakes import NIXPKGS, outputs
from tests.render.nix.evaluator import VERSIONS, evaluate

NIX = Nix(nixpkgs="0" * 40, targets=("8.9", "gfx1100", "12.0"))


def _set(case: str, platform: str, system: str, asked: str, version: str) -> Any:
    config = {"cudaSupport": platform == "cuda", "rocmSupport": platform == "rocm"}
    spelled = " ".join(f"{name} = {str(value).lower()};" for name, value in config.items())
    made = f'import {NIXPKGS} {{ system = "{system}"; config = {{ {spelled} }}; overlays = ['
    whole = f"let pkgs = {made} outputs.overlays.{platform} ]; }}; in {asked}"
    return outputs(golden.folder_of(NAME) / case / "expected", version, whole)


@pytest.mark.parametrize("version", VERSIONS)
def test_targets_of_rocm_are_the_same_for_all(version: str) -> None:
    asked = """with pkgs; {
      torch = python3Packages.torch.gpuTargets; vllm = python3Packages.vllm.gpuTargets;
      llama-cpp = llama-cpp.rocmGpuTargets; ollama = ollama.rocmGpuTargets;
    }"""
    found = _set("rocm", "rocm", "x86_64-linux", asked, version)
    assert found == {name: ["gfx1100", "gfx1151"] for name in ("torch", "vllm", "llama-cpp", "ollama")}


@pytest.mark.parametrize("version", VERSIONS)
def test_a_build_for_the_cpu_does_not_depend_on_who_builds(version: str) -> None:
    found = _set("rocm", "cpu", "x86_64-linux", "pkgs.python3Packages.vllm.env", version)
    assert found == {"VLLM_CPU_DISABLE_AVX512": "true"}


@pytest.mark.parametrize("version", VERSIONS)
def test_wheels_take_the_place_of_packages_for_their_python(version: str) -> None:
    asked = """with pkgs.python311Packages; {
      inherit (vllm) version format pname minor;
      torch = { inherit (torch) version cudaSupport rocmSupport; };
      src = { inherit (torch.src) name hash; };
      runs-on = map (each: each.version) vllm.dependencies;
    }"""
    assert _set("wheels", "rocm", "x86_64-linux", asked, version) == {
        "pname": "vllm",
        "version": "0.12.0+rocm711",
        "format": "wheel",
        "minor": "11",
        "torch": {"version": "2.9.1", "cudaSupport": False, "rocmSupport": True},
        "src": {
            "name": "torch-2.9.1-cp311-cp311-linux_x86_64.whl",
            "hash": "sha256-pKlwxV6G9iHag/jbu3bAyvYvnu5TbrQwUMFV0AlGC3s=",
        },
        "runs-on": ["2.9.1"],
    }


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_wheel_of_the_machine(machine: str) -> None:
    asked = "with pkgs.python312Packages; [ vllm.src.url torch.src.name ]"
    assert _set("wheels", "cuda", f"{machine}-linux", asked, "nix") == [
        f"https://example.com/vllm-0.19.0-cp38-abi3-manylinux_2_31_{machine}.whl",
        f"torch-2.10.0+cu128-cp312-cp312-manylinux_2_28_{machine}.whl",
    ]


@pytest.mark.parametrize(("platform", "python", "library"), [("cuda", "312", "nccl"), ("rocm", "311", "rccl")])
def test_compiled_wheels_find_libraries(platform: str, python: str, library: str) -> None:
    asked = f"""let made = pkgs.python{python}Packages.torch; in {{
      inputs = map (each: each.name) (made.buildInputs ++ made.nativeBuildInputs);
      paths = made.appendRunpaths or [ ]; inherit (made) postFixup;
    }}"""
    found = _set("wheels", platform, "x86_64-linux", asked, "nix")
    assert {"gcc-lib", library, "autoPatchelfHook"} <= set(found["inputs"])
    assert [path.endswith("-cuda_nvrtc/lib") for path in found["paths"]] == ([True] if platform == "cuda" else [])
    assert found["postFixup"] == 'addAutoPatchelfSearchPath "$out"'


def test_a_wheel_in_the_flake_is_a_path_of_it() -> None:
    found = _set("wheels", "rocm", "x86_64-linux", "toString pkgs.python311Packages.vllm.src", "nix")
    folder = golden.folder_of(NAME) / "wheels" / "expected"
    assert found == f"{folder}/wheels/vllm-0.12.0+rocm711-cp311-cp311-linux_x86_64.whl"


def test_configuration() -> None:
    assert evaluate(to_nix(configuration(NIX, "cuda")), "nix") == {
        "allowUnfree": True,
        "cudaCapabilities": ["8.9", "12.0"],
        "cudaSupport": True,
        "rocmSupport": False,
    }
    assert evaluate(to_nix(configuration(NIX, "cpu")), "nix") == {"cudaSupport": False, "rocmSupport": False}
    assert targets(NIX, "rocm") == ("gfx1100",)
    assert targets(NIX, "cpu") == ()
