"""What a tree of processes has used, from /proc. Linux only."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import psutil

MIB = 1024 * 1024


def cpu_s(pid: int) -> float:
    """CPU time of the process, its descendants and all their threads, in seconds, with a nanosecond's resolution."""
    return _total(_tree(pid), lambda at: map(_on_cpu_s, (at / "task").glob("*/schedstat")))


def rss_bytes(pid: int) -> int:
    """Memory of the process and its descendants; what they share counts for each."""
    return int(_total(_tree(pid), lambda at: [_status_bytes(at, "VmRSS")]))


def peak_bytes(pid: int) -> int:
    """The most memory that each of them has had since `forget_peak`, or since its start."""
    return int(_total(_tree(pid), lambda at: [_status_bytes(at, "VmHWM")]))


def forget_peak(pid: int) -> None:
    """Let the peak be what is used now."""
    for at in _tree(pid):
        (at / "clear_refs").write_text("5")


def _tree(pid: int) -> Iterator[Path]:
    process = psutil.Process(pid)
    for each in (process, *process.children(recursive=True)):
        yield Path(f"/proc/{each.pid}")


def _total(tree: Iterable[Path], values: Callable[[Path], Iterable[float]]) -> float:
    total = 0.0
    for at in tree:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
            total += sum(values(at))
    return total


def _on_cpu_s(schedstat: Path) -> float:
    return int(schedstat.read_text().split()[0]) / 1e9


def _status_bytes(at: Path, name: str) -> int:
    for line in (at / "status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    return 0
