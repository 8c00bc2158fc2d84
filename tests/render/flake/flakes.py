"""What a flake evaluates to: its outputs are called with a nixpkgs that only says how things would be made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.render.nix.evaluator import evaluate

NIXPKGS = Path(__file__).parent / "nixpkgs"
MENDED = 1_780_000_000


def outputs(folder: Path, version: str, asked: str, *, modified: int = MENDED) -> Any:
    """An expression over `outputs`, with `lib` in its scope, as JSON."""
    return evaluate(expression(folder, asked, modified=modified), version)


def expression(folder: Path, asked: str, *, modified: int = MENDED) -> str:
    return f"""
      let
        lib = import {NIXPKGS}/lib.nix;
        nixpkgs = {{ outPath = {NIXPKGS}; lastModified = {modified}; inherit lib; }};
        outputs = (import {folder}/flake.nix).outputs {{ inherit nixpkgs; self = outputs; }};
      in
      {asked}
    """
