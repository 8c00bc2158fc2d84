"""What programs print when they are asked for their version, and how each is asked.

A program that is not in this table is not looked for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Asking:
    """How to ask a program for its version, and where in what it prints (both streams) that stands."""

    name: str
    argv: tuple[str, ...]
    pattern: str


ASKED: Final = (
    Asking("systemd", ("systemctl", "--version"), r"^systemd (\d+)"),
    Asking("nix", ("nix", "--version"), r"^nix \(.*\) (\S+)"),
    Asking("docker-compose", ("docker", "compose", "version"), r"version v?(\d\S*)"),
    Asking("nvidia-ctk", ("nvidia-ctk", "--version"), r"version (\d\S*)"),
    # It prints `version: 4719 (d7b31a9d)`, newer ones `version: 0.7.0 (...)`.
    Asking("llama-server", ("llama-server", "--version"), r"^version: (\S+)"),
    # A client without a server says `Warning: client version is 0.5.7`.
    Asking("ollama", ("ollama", "--version"), r"version is (\S+)"),
)


def version(asking: Asking, printed: str) -> str | None:
    """The version in what a program printed; None when it is not there."""
    found = re.search(asking.pattern, printed, re.MULTILINE)
    return found[1] if found else None
