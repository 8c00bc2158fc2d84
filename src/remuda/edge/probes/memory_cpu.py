"""The machine's memory, and what processes hold of it.

A process by itself holds its resident set. Several processes of one engine share pages (libraries, mapped weights), so
each counts by its proportional share; that makes the kernel walk the page tables, so of a big process the whole
resident set counts, which errs on the safe side.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from remuda.facts.memory import Holder, Reading
from remuda.facts.parse import meminfo, process_memory

_CHEAP_BYTES = 2 * 1024**3
_PROC = Path("/proc")


def capacity(proc: Path = _PROC) -> tuple[int, int]:
    """Total and available bytes of the machine's memory. Raises OSError, KeyError, ValueError."""
    machine = meminfo.cpu((proc / "meminfo").read_text())
    return machine.total_bytes, machine.free_bytes


class Cpu:
    """Reads `/proc`."""

    def read(self, device: str, pids: Collection[int]) -> Reading:
        """The machine's memory and these processes."""
        total_bytes, free_bytes = capacity()
        holders = (_holder(pid, shares=len(pids) > 1) for pid in pids)
        return Reading(device, total_bytes, free_bytes, tuple(filter(None, holders)))


def _holder(pid: int, *, shares: bool) -> Holder | None:
    """None when the process has gone."""
    own = process_memory.resident(_text(pid, "status"))
    if own is None:
        return None
    is_cheap = shares and own.size_bytes <= _CHEAP_BYTES
    part = process_memory.proportional(_text(pid, "smaps_rollup")) if is_cheap else None
    held = part or own
    return Holder(pid, held.size_bytes, reclaimable_bytes=held.file_bytes, peak_bytes=0 if part else own.peak_bytes)


def _text(pid: int, file: str) -> str:
    """Nothing when the process has gone, or belongs to somebody else."""
    try:
        return (_PROC / str(pid) / file).read_text(errors="replace")
    except OSError:
        return ""
