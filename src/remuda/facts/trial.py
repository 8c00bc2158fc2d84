"""What happened when a program was tried: how it ended, what it printed, and the instruction that it ended at."""

from __future__ import annotations

from msgspec import Struct


class Fault(Struct, frozen=True, omit_defaults=True):
    """An instruction that the processor refused.

    `code` are its bytes in hexadecimal, from its first on; empty where they could not be read. `library` is the file
    that it was loaded from, None for memory that is no file's, and `offset` where in it.
    """

    code: str = ""
    library: str | None = None
    offset: int | None = None


class Trial(Struct, frozen=True, omit_defaults=True):
    """One run of a program.

    `status` is the exit status, negative for a signal as in `subprocess`; None when it still ran at `limit_s` and was
    killed. `output` are its last lines, both streams. `fault` is there when it ended by an illegal instruction and was
    watched; `unwatched` is the reason why it was not.
    """

    argv: tuple[str, ...]
    status: int | None
    limit_s: float
    output: tuple[str, ...] = ()
    fault: Fault | None = None
    unwatched: str | None = None
