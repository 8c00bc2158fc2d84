"""NVIDIA: compute capabilities with their cards and toolkits, toolkits with their drivers, and which code runs where.

A capability is written as NVIDIA does, `8.6`. A target, the code that a build carries, is `8.6` (binary), `9.0a` or
`10.0f` (binary for that architecture or family), `12.0+PTX` (binary and PTX), or `ptx7.0` (PTX alone).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

from remuda.knowledge.cards import chip, named
from remuda.knowledge.release import Release, Span, release
from remuda.knowledge.rows import Confidence, rows

Code = Literal["binary", "ptx"]

# CUDA C++ Programming Guide, binary compatibility: none between these chips and those of cards. 10.1 became 11.0.
_EMBEDDED = frozenset({"7.2", "8.7", "10.1"})
_TARGET = re.compile(r"(?P<only>ptx)?(?P<capability>\d+\.\d+)(?P<variant>[af])?(?P<also>\+PTX)?")

# As the list of PCI devices names them (general knowledge).
CHIPS: Final = {
    "GM10": "5.0", "GM20": "5.2", "GP100": "6.0", "GP10": "6.1", "GV100": "7.0", "GV11B": "7.2", "TU1": "7.5",
    "GA100": "8.0", "GA10B": "8.7", "GA10": "8.6", "AD10": "8.9", "GH100": "9.0", "GB100": "10.0", "GB102": "10.0",
    "GB110": "10.3", "GB10B": "11.0", "GB20B": "12.1", "GB20": "12.0",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """A compute capability; `driver` is the first one that knows its cards, where that is known.

    `machine` is the only one that its chips are built with; None for cards, which are put into any.
    """

    capability: str
    architecture: str
    cards: tuple[str, ...]
    toolkits: Span
    driver: str | None = None
    machine: str | None = None
    source: str
    confidence: Confidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolkit:
    """A CUDA toolkit: the driver that it comes with, and the oldest that runs binaries of its major version."""

    version: str
    driver: str | None = None
    floor: str
    source: str
    confidence: Confidence


@cache
def capabilities() -> tuple[Capability, ...]:
    """All capabilities, the oldest first."""
    return rows("capabilities", Capability)


@cache
def toolkits() -> tuple[Toolkit, ...]:
    """All toolkits, the oldest first."""
    return rows("toolkits", Toolkit)


def capability(number: str) -> Capability | None:
    """The row of `8.6`."""
    return next((row for row in capabilities() if row.capability == number), None)


def of_card(name: str) -> Capability | None:
    """The capability of a card by its marketing name (`NVIDIA GeForce RTX 3090 Ti`): the longest that is in it."""
    return named(name, capabilities())


def of_chip(title: str) -> Capability | None:
    """The capability of a chip by its code name, which begins what a list of PCI devices calls it."""
    found = chip(title, CHIPS)
    return capability(found) if found else None


def toolkit(version: str) -> Toolkit | None:
    """The newest update of a toolkit that is no newer than the version: `12.9` is 12.9.0, `13.0.3` is 13.0.2."""
    asked = _at_least_three(release(version))
    known = ((_at_least_three(release(row.version)), row) for row in toolkits())
    return next((row for number, row in reversed(list(known)) if number[:2] == asked[:2] and number <= asked), None)


def runs(target: str, number: str) -> Code | None:
    """Which code of a target runs on a capability; None if none does.

    A binary runs on its own major version from its minor version on. PTX is compiled at start, by a driver that knows
    the toolkit it comes from. Raises ValueError for what is no target.
    """
    found = _TARGET.fullmatch(target)
    if found is None:
        raise ValueError(f"`{target}` is no target of CUDA")
    code, device = _number(found["capability"]), _number(number)
    if not found["only"] and _is_binary_for(found["capability"], found["variant"], number):
        return "binary"
    return "ptx" if (found["only"] or found["also"]) and device >= code else None


def _is_binary_for(target: str, variant: str | None, number: str) -> bool:
    if target == number:
        return True
    if variant == "a" or {target, number} & _EMBEDDED:
        return False
    code, device = _number(target), _number(number)
    return code[0] == device[0] and code <= device


def _number(capability: str) -> tuple[int, int]:
    major, minor = capability.split(".")
    return int(major), int(minor)


def _at_least_three(number: Release | None) -> Release:
    return (*(number or ()), 0, 0, 0)[:3]
