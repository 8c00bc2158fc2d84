"""CPU instruction sets that a build can be made for: the compiler's flags, and what the processor has to have for them.

A program that was built with such flags dies of an illegal instruction on a processor without the extension. The name
of a variant ends in `suffix`; the baseline of x86_64 has none.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from remuda.knowledge.rows import Confidence, rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Isa:
    """An instruction set of a machine (`x86_64`); `needs` are flags as /proc/cpuinfo spells them."""

    isa: str
    machine: str
    title: str
    suffix: str
    flags: tuple[str, ...]
    needs: tuple[str, ...]
    source: str
    confidence: Confidence

    @property
    def platform(self) -> str:
        """The machine as Nix names it: `x86_64-linux`."""
        return f"{self.machine}-linux"


@cache
def isas() -> tuple[Isa, ...]:
    """All instruction sets; within a machine those come first that more processors have."""
    return rows("isas", Isa)


def isa(name: str) -> Isa | None:
    """The row of `avx512`."""
    return next((row for row in isas() if row.isa == name), None)


def of_suffix(suffix: str) -> Isa | None:
    """The row whose variants' names end so."""
    return next((row for row in isas() if row.suffix == suffix), None)
