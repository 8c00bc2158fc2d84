"""Podman's own Quadlet generator, which `scripts/setup-quadlet` gets, and systemd's judgement of what it makes."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
GENERATOR = ROOT / ".tools" / "quadlet"


def generated(units: Path, directory: Path, *, is_user: bool) -> dict[str, str]:
    """The services that podman makes of a directory of units, by name; fails with what podman says against them."""
    if not GENERATOR.exists():
        message = "podman 5's Quadlet generator is not here: run scripts/setup-quadlet"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    command = [str(GENERATOR), *(["-user"] if is_user else []), "-no-kmsg-log", str(directory)]
    result = subprocess.run(
        command, env={"QUADLET_UNIT_DIRS": str(units)}, check=False, capture_output=True, text=True, timeout=30
    )
    assert result.returncode == 0, result.stderr
    said = [line for line in result.stderr.splitlines() if "Loading source unit file" not in line]
    assert said == []
    return {file.name: file.read_text() for file in directory.glob("*.service")}


def run_command(service: str) -> list[str]:
    """The words of `ExecStart=` as systemd takes them: quotes, C escapes, then `%%` and `$$`."""
    (line,) = re.findall(r"^ExecStart=(.*)$", service, re.MULTILINE)
    return [word.replace("$$", "$").replace("%%", "%") for word in split(line)]


def split(line: str) -> list[str]:
    """Words as systemd's parser takes a line apart."""
    escapes = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "s": " "}
    words: list[str] = []
    word: str | None = None
    quote, position = "", 0
    while position < len(line):
        letter = line[position]
        position += 1
        if letter == "\\":
            letter, position = line[position], position + 1
            if letter == "x":
                letter, position = chr(int(line[position : position + 2], 16)), position + 2
            else:
                letter = escapes.get(letter, letter)
            word = (word or "") + letter
        elif quote and letter == quote:
            quote = ""
        elif not quote and letter in "\"'":
            word, quote = word or "", letter
        elif not quote and letter in " \t\n\r":
            words, word = [*words, *([] if word is None else [word])], None
        else:
            word = (word or "") + letter
    return [*words, *([] if word is None else [word])]
