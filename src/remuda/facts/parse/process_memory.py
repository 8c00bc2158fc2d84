"""Linux's `/proc/PID/status` and `/proc/PID/smaps_rollup`: the memory of one process (proc(5))."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

_KIB = 1024


@dataclass(frozen=True, slots=True)
class Resident:
    """What a process holds in the machine's memory. `file_bytes` of it are pages of mapped files.

    `peak_bytes` is the most it has ever held, 0 where that is not told.
    """

    size_bytes: int
    file_bytes: int
    peak_bytes: int = 0


def resident(status: str) -> Resident | None:
    """The resident set of `status`; None for a kernel thread or a zombie, which have no memory."""
    sizes = dict(_sizes(status))
    if "VmRSS" not in sizes:
        return None
    return Resident(sizes["VmRSS"], sizes.get("RssFile", 0), sizes.get("VmHWM", 0))


def proportional(rollup: str) -> Resident | None:
    """The proportional share of `smaps_rollup`: pages that several processes map count by parts; None without one."""
    sizes = dict(_sizes(rollup))
    return Resident(sizes["Pss"], sizes.get("Pss_File", 0)) if "Pss" in sizes else None


def _sizes(text: str) -> Iterator[tuple[str, int]]:
    for line in text.splitlines():
        name, _, amount = line.partition(":")
        words = amount.split()
        if len(words) == 2 and words[1] == "kB":  # noqa: PLR2004  a number and its unit
            yield name, int(words[0]) * _KIB
