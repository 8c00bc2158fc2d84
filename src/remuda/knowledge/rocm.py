"""AMD: gfx targets with their cards, the ROCm that has them, and the overrides that are known to work or to fail."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Final

from remuda.knowledge.cards import chip, named
from remuda.knowledge.release import Span
from remuda.knowledge.rows import Confidence, rows

# As the list of PCI devices names them (general knowledge).
CHIPS: Final = {
    "Ellesmere": "gfx803", "Vega 10": "gfx900", "Vega 20": "gfx906", "Arcturus": "gfx908", "Aldebaran": "gfx90a",
    "Aqua Vanjaram": "gfx942", "Navi 10": "gfx1010", "Navi 14": "gfx1012", "Navi 21": "gfx1030", "Navi 22": "gfx1031",
    "Navi 23": "gfx1032", "Navi 24": "gfx1034", "Rembrandt": "gfx1035", "Raphael": "gfx1036", "Navi 31": "gfx1100",
    "Navi 32": "gfx1101", "Navi 33": "gfx1102", "Phoenix": "gfx1103", "Strix": "gfx1150", "Strix Halo": "gfx1151",
    "Krackan": "gfx1152", "Navi 44": "gfx1200", "Navi 48": "gfx1201",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Gfx:
    """A target.

    `rocm` are the releases that run it, None where that is not known. `override` is a value of
    HSA_OVERRIDE_GFX_VERSION with which it runs the code of a near target. `kernel` is the first Linux that runs it
    well. `is_unified` is true for one that shares the host's memory.
    """

    gfx: str
    family: str
    cards: tuple[str, ...]
    rocm: Span | None = None
    override: str | None = None
    overrides_failing: tuple[str, ...] = ()
    kernel: str | None = None
    is_unified: bool = False
    note: str | None = None
    source: str
    confidence: Confidence


@cache
def gfxs() -> tuple[Gfx, ...]:
    """All targets."""
    return rows("gfx", Gfx)


def gfx(name: str) -> Gfx | None:
    """The row of `gfx906`."""
    return next((row for row in gfxs() if row.gfx == name), None)


def of_card(name: str) -> Gfx | None:
    """The target of a card by its marketing name (`AMD Radeon RX 7900 XTX`): the longest that is in it."""
    return named(name, gfxs())


def of_chip(title: str) -> Gfx | None:
    """The target of a chip by its code name, which begins what a list of PCI devices calls it."""
    found = chip(title, CHIPS)
    return gfx(found) if found else None


def override_of(target: str) -> str:
    """The value of HSA_OVERRIDE_GFX_VERSION that stands for a target: `gfx1030` is `10.3.0`, `gfx90a` is `9.0.10`."""
    digits = target.removeprefix("gfx")
    return f"{int(digits[:-2])}.{int(digits[-2], 16)}.{int(digits[-1], 16)}"


def target_of(override: str) -> str | None:
    """The target that a value of HSA_OVERRIDE_GFX_VERSION stands for: `9.0.10` is `gfx90a`; None for none."""
    found = re.fullmatch(r"(\d+)\.(\d+)\.(\d+)", override)
    return f"gfx{found[1]}{int(found[2]):x}{int(found[3]):x}" if found else None
