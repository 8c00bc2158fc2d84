"""Two versions of Nix itself, which `scripts/setup-nix` gets: what they read in a text."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
STUBS = Path(__file__).parent / "stubs"
VERSIONS = ("nix-2.8", "nix")
"""Debian 12's and Debian 13's."""


def evaluate(text: str, version: str, *options: str) -> Any:
    """The value of an expression, as JSON says it; fails with what Nix says against it."""
    return json.loads(_said(text, version, "--eval", "--strict", "--json", *options))


def evaluate_all(texts: Sequence[str], version: str) -> list[Any]:
    """The values of many expressions, of one process."""
    return list(evaluate("[\n" + "".join(f"(\n{text}\n)\n" for text in texts) + "]", version))


def parse(text: str, version: str) -> None:
    """Fails with what Nix says against the text, if it says anything."""
    _said(text, version, "--parse")


def refusal(text: str, version: str) -> str:
    """What Nix says of an expression that it refuses."""
    result = _run(text, version, "--eval", "--strict", "--json")
    assert result.returncode != 0, result.stdout
    return result.stderr


def _said(text: str, version: str, *options: str) -> str:
    result = _run(text, version, *options)
    assert result.returncode == 0, f"{result.stderr}\n{text}"
    return result.stdout


def _run(text: str, version: str, *options: str) -> subprocess.CompletedProcess[str]:
    program = ROOT / ".tools" / version / "nix-instantiate"
    if not program.exists():
        message = "Nix is not here: run scripts/setup-nix"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    with tempfile.TemporaryDirectory() as own:
        file = Path(own, "it.nix")
        file.write_text(text, encoding="utf-8")
        places = {f"NIX_{name}_DIR": f"{own}/{name.lower()}" for name in ("STORE", "STATE", "LOG", "CONF")}
        return subprocess.run(
            [str(program), *options, str(file)],
            env={**places, "HOME": own, "LC_ALL": "C.UTF-8", "NIX_CONFIG": "build-users-group ="},
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )
