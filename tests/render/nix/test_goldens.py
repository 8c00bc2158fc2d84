"""Every file of Nix in every golden is one, and many are written in no time."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from remuda.plan.check import load_fleet
from remuda.render import TARGETS
from remuda.render.contract import Request
from tests.render.nix.evaluator import VERSIONS, parse

GOLDENS = Path(__file__).parents[1]
FILES = sorted(GOLDENS.glob("*/*/expected/**/*.nix"))


@pytest.mark.parametrize("version", VERSIONS)
def test_both_versions_can_parse_them(version: str) -> None:
    assert FILES
    parse("[\n" + "".join(f"(\n{file.read_text()})\n" for file in FILES) + "]", version)


def test_a_hundred_files_are_written_within_a_second() -> None:
    fleet, _, _ = load_fleet((GOLDENS / "nixos" / "everything" / "remuda.yaml").read_bytes(), "remuda.yaml")
    start = time.process_time()
    written = [TARGETS["nixos"].render(Request(fleet)).files for _ in range(100)]
    assert time.process_time() - start < 1
    assert all(files == written[0] for files in written)
