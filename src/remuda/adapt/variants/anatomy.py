"""What the Nix file of a variant says, by its usual anatomy: the header, the pin, the overrides, the description.

A tolerant reading of text: what is not there, or is written in a way that nobody did yet, is None. Everything that is
found has its position.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePath
from typing import Final

from remuda.errors import Position

_VERSION: Final = r"(\d+(?:\.\d+)+)"

_FIELDS: Final = {
    "vllm": rf"^# vLLM {_VERSION}",
    "described_vllm": rf'description = "[^"]*vLLM {_VERSION}',
    "override_vllm": rf'^\s*version = "{_VERSION}"',
    "torch": rf"^#.*PyTorch {_VERSION}",
    "pin": r"NixOS/nixpkgs/archive/([0-9a-f]{7,40})\.tar\.gz",
    "pin_hash": r'fetchTarball \{[^}]*?(?:sha256|hash) = "([^"]*)"',
    "fetch": r"(fetchTarball)",
    "source_hash": r'fetchFromGitHub \{[^}]*?hash = "([^"]*)"',
    "capabilities": r'cudaCapabilities = \[ ?("[^\]]*") ?\]',
    "packages": r"cudaPackages = \w+\.cudaPackages_(\d+_\d+)",
    "sm": r'smCapability = "([^"]*)"',
    "name": r'variantName = "([^"]*)"',
    "isa": r"cpu-isa\.nix\)\.(\w+)",
    "platform": r'(?:^\s*platform = |platforms = \[ )"([^"]*)"',
    "python": r"\w+\.python(\d{2,4})(?:Packages)?\.",
    "bitsandbytes": r"(-DCOMPUTE_CAPABILITY)",
    "dropped": r'!= ("bitsandbytes")',
    "cudnn": r"(USE_CUDNN=0)",
}
_PATTERNS: Final = {name: re.compile(pattern, re.MULTILINE) for name, pattern in _FIELDS.items()}


@dataclass(frozen=True, slots=True)
class Found:
    """A piece of a file and where it stands."""

    value: str
    position: Position


@dataclass(frozen=True)
class Written:
    """One file: its path in the tree and its text."""

    path: PurePath
    text: str

    @cached_property
    def fields(self) -> Mapping[str, Found]:
        """What was found, by name; see the table of this module."""
        found = ((name, pattern.search(self.text)) for name, pattern in _PATTERNS.items())
        return {name: Found(match[1], position(self.text, match.start(1))) for name, match in found if match}

    def value(self, name: str) -> str | None:
        """What a field says."""
        found = self.fields.get(name)
        return found.value if found else None

    def at(self, name: str) -> Position:
        """Where a field stands; the beginning of the file if it is not there."""
        found = self.fields.get(name)
        return found.position if found else Position(1, 1)


def position(text: str, index: int) -> Position:
    """The place of a character."""
    return Position(text.count("\n", 0, index) + 1, index - (text.rfind("\n", 0, index) + 1) + 1)
