"""Whole flakes, evaluated by both versions of Nix."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from remuda.plan.check import load_fleet
from remuda.render.contract import Request
from remuda.render.flake.target import NAME, render
from tests.render import golden
from tests.render.flake.flakes import outputs
from tests.render.nix.evaluator import VERSIONS, evaluate_all

CASES = ("cuda", "rocm", "wheels")
FOLDER = golden.folder_of(NAME)
BOTH = ["aarch64-linux", "x86_64-linux"]
X86 = ["x86_64-linux"]
MODELS = {
    "cuda": {"qwen3-0-6b-llama-cpp-cpu": BOTH, "qwen3-6-27b-vllm-64k-cuda0": BOTH},
    "rocm": {"chat": X86, "coder": X86, "plain": BOTH, "slow": BOTH, "small": X86},
    "wheels": {"fast": BOTH, "orchestrator": X86},
}


def _wheel(of: str) -> str:
    return f"{{path: {of}-cp311-cp311-linux_x86_64.whl}}"


_SEED = """
models:
  coder:
    {engine: vllm, model: Qwen/Qwen3-0.6B, devices: [rocm0]}
nix: {nixpkgs: 00fa62a8a25a98990e2389bd8ab7d0b91e3cb352, %s}
lint: {model_ids: "off"}
"""


@pytest.mark.parametrize("case", golden.cases(NAME))
def test_case(case: str) -> None:
    golden.check(NAME, case)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("case", CASES)
def test_every_file_is_read(case: str, version: str) -> None:
    files = sorted((FOLDER / case / "expected").rglob("*.nix"))
    kinds = evaluate_all([f"builtins.typeOf ({file.read_text()})" for file in files], version)
    assert kinds == ["set" if file.name == "flake.nix" else "lambda" for file in files]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("case", CASES)
def test_outputs(case: str, version: str) -> None:
    asked = """{
      packages = lib.mapAttrs (_: lib.mapAttrs (_: made: made.text or made.config)) outputs.packages;
      shells = lib.mapAttrs (_: shells: map (server: server.name) shells.default.packages) outputs.devShells;
      checks = lib.mapAttrs (_: lib.mapAttrs (_: check: check.script)) outputs.checks;
      modules = lib.mapAttrs (_: builtins.typeOf) outputs.nixosModules;
      overlays = lib.attrNames outputs.overlays;
    }"""
    found = outputs(FOLDER / case / "expected", version, asked)
    for system in BOTH:
        models = [name for name, systems in MODELS[case].items() if system in systems]
        assert found["packages"][system].keys() == {f"{name}-{what}" for name in models for what in ("server", "image")}
        assert sorted(found["shells"][system]) == [f"{name}-server" for name in models]
        assert list(found["checks"][system]) == models
        for name, script in found["checks"][system].items():
            assert script.startswith("bash -n /nix/store/")
            assert script.endswith(f'/bin/{name}-server\ntouch "$out"\n')
    assert found["modules"] == {"default": "lambda"}


def test_without_a_pin() -> None:
    fleet, _, _ = load_fleet("models: {a-1b-cpu: {engine: vllm, model: x/y, devices: [cpu]}}", "remuda.yaml")
    made = render(Request(fleet))
    assert [problem.message for problem in made.problems] == ["cannot pin nixpkgs: the fleet file has no `nix`"]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ("date: 2026-03-01", "vllm for rocm does not build in nixpkgs before 2026-03-02: NixOS/nixpkgs#495680"),
        ("targets: [gfx906]", "vLLM of nixpkgs cannot run on `gfx906`: its Triton has no code for it"),
        ("targets: [gfx1010]", "vLLM is compiled for `gfx1010` in no release"),
        ("targets: [gfx1104]", "`nix.targets[0]` is no target that is known: `gfx1104`"),
        ("systems: [aarch64-linux]", "`nix.systems` has none that `coder` can be built for with rocm"),
        (
            f"wheels: {{rocm: [{_wheel('torch-2.11.0')}, {_wheel('vllm-0.12.0')}]}}",
            "`nix.wheels.rocm` has torch 2.11.0, and vLLM 0.12.0 is compiled against 2.9.0",
        ),
    ],
)
def test_what_the_pinned_nixpkgs_cannot_build(keys: str, message: str) -> None:
    fleet, _, _ = load_fleet(_SEED % keys, "remuda.yaml")
    made = render(Request(fleet))
    assert made.is_refused
    assert message in [problem.message for problem in made.problems]


def test_a_capability_that_vllm_never_had() -> None:
    fleet, _, _ = load_fleet((_SEED % "targets: ['6.1', '8.6']").replace("rocm0", "cuda0"), "remuda.yaml")
    (problem,) = render(Request(fleet)).problems
    assert (problem.path, problem.message) == (("nix", "targets", 0), "vLLM is compiled for `6.1` in no release")


@pytest.mark.parametrize("keys", ["date: 2026-03-02", "targets: [gfx1100]", "systems: [x86_64-linux]"])
def test_what_it_can_build(keys: str) -> None:
    fleet, _, _ = load_fleet(_SEED % keys, "remuda.yaml")
    made = render(Request(fleet))
    assert made.problems == ()
    assert PurePosixPath("flake.nix") in made.files
    assert render(Request(fleet)) == made


def test_what_has_no_effect_is_told() -> None:
    wheel = f"wheels: {{rocm: [{_wheel('torch-2.9.1')}], cpu: [{_wheel('torch-2.9.1')}]}}"
    fleet, _, _ = load_fleet(_SEED % f"targets: ['8.9', gfx1100], {wheel}", "remuda.yaml")
    told = [(problem.path, problem.severity) for problem in render(Request(fleet)).problems]
    assert told == [(("nix", "wheels", "cpu"), "warning"), (("nix", "targets", 0), "warning")]
