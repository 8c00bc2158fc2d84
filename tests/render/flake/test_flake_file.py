import pytest

from remuda.render.flake.target import NAME
from tests.render import golden
from tests.render.flake.flakes import expression, outputs
from tests.render.nix.evaluator import VERSIONS, evaluate, refusal

FOLDER = golden.folder_of(NAME)
BROKEN = 1_772_409_599


@pytest.mark.parametrize("version", VERSIONS)
def test_a_nixpkgs_that_is_too_old_is_refused_when_it_is_evaluated(version: str) -> None:
    said = refusal(expression(FOLDER / "rocm" / "expected", "lib.attrNames outputs", modified=BROKEN), version)
    assert "vllm for rocm does not build in nixpkgs before 2026-03-02: NixOS/nixpkgs#495680" in said


def test_on_the_day_itself_it_is_not() -> None:
    names = outputs(FOLDER / "rocm" / "expected", "nix", "lib.attrNames outputs", modified=BROKEN + 1)
    assert names == ["checks", "devShells", "nixosModules", "overlays", "packages"]


def test_wheels_do_not_need_what_nixpkgs_cannot_build() -> None:
    assert outputs(FOLDER / "wheels" / "expected", "nix", "outputs ? packages", modified=BROKEN) is True


@pytest.mark.parametrize("version", VERSIONS)
def test_one_commit_is_pinned(version: str) -> None:
    found = evaluate(f"(import {FOLDER}/cuda/expected/flake.nix).inputs", version)
    assert found == {"nixpkgs": {"url": "github:NixOS/nixpkgs/00fa62a8a25a98990e2389bd8ab7d0b91e3cb352"}}
