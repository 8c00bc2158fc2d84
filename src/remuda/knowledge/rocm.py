"""AMD: gfx targets with their cards, the ROCm that has them, and the overrides that are known to work or to fail."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from remuda.knowledge.cards import named
from remuda.knowledge.release import Span
from remuda.knowledge.rows import Confidence, rows


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


def override_of(target: str) -> str:
    """The value of HSA_OVERRIDE_GFX_VERSION that stands for a target: `gfx1030` is `10.3.0`, `gfx90a` is `9.0.10`."""
    digits = target.removeprefix("gfx")
    return f"{int(digits[:-2])}.{int(digits[-2], 16)}.{int(digits[-1], 16)}"
