"""The processors of a host, with what engines need to know of their instruction sets.

An engine's CPU build dies of an illegal instruction where an extension is missing, before it can say so, hence every
flag is kept as the kernel spells it. The levels are those of the x86-64 psABI.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

_LEVELS: Final = (
    {"lm", "cmov", "cx8", "fpu", "fxsr", "mmx", "syscall", "sse", "sse2"},
    {"cx16", "lahf_lm", "popcnt", "pni", "sse4_1", "sse4_2", "ssse3"},
    {"avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe", "xsave"},
    {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"},
)


class NumaNode(Struct, frozen=True, omit_defaults=True):
    """A NUMA node: its processors as the kernel lists them (`0-11,24-35`), and its memory."""

    number: int
    cpus: str
    total_bytes: int


class Cpu(Struct, frozen=True, omit_defaults=True):
    """The processors. `threads` is what the kernel schedules on, `cores` None where it is not told.

    `flags` are the extensions as `/proc/cpuinfo` spells them. `quota` is how many processors' time a control group
    allows, None without a limit.
    """

    title: str
    architecture: str
    threads: int
    cores: int | None = None
    sockets: int | None = None
    flags: tuple[str, ...] = ()
    numa: tuple[NumaNode, ...] = ()
    quota: float | None = None

    def has(self, flag: str) -> bool:
        """Whether it has an extension, as `/proc/cpuinfo` spells it."""
        return flag in self.flags

    @property
    def level(self) -> int | None:
        """The level of x86-64 that it has (1 to 4); None on another architecture or without flags."""
        if self.architecture != "x86_64" or not self.flags:
            return None
        have = set(self.flags)
        reached = next((number for number, needs in enumerate(_LEVELS) if not needs <= have), len(_LEVELS))
        return reached or None
