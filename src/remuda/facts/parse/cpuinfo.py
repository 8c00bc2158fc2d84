"""Linux's `/proc/cpuinfo`, which every architecture spells in its own way (proc(5); `arch/*/kernel/*/proc.c`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from remuda.facts.cpu import Cpu

_TITLES: Final = ("model name", "cpu", "uarch")
_FLAGS: Final = ("flags", "Features", "features")


def cpu(cpuinfo: str, architecture: str) -> Cpu:
    """The processors. `architecture` is `uname -m`'s. Raises ValueError when the text names no processor."""
    threads = list(_threads(cpuinfo))
    if not threads:
        raise ValueError("no processor is named")
    first = threads[0]
    cores = {(thread["physical id"], thread["core id"]) for thread in threads if "core id" in thread}
    return Cpu(
        title=_title(first, architecture),
        architecture=architecture,
        threads=len(threads),
        cores=len(cores) or None,
        sockets=len({socket for socket, _ in cores}) or None,
        flags=tuple(sorted(_flags(first))),
    )


def _threads(cpuinfo: str) -> Iterator[dict[str, str]]:
    """What is said of each thread; what stands before the first one or after the last (s390x, Arm) belongs to all."""
    thread: dict[str, str] = {}
    for line in cpuinfo.splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "processor" and "processor" in thread:
            yield thread
            thread = {}
        thread.setdefault(name.strip(), value.strip())
    if "processor" in thread:
        yield thread


def _flags(thread: dict[str, str]) -> list[str]:
    """RISC-V joins its extensions by underscores."""
    return thread["isa"].split("_") if "isa" in thread else _first(thread, _FLAGS).split()


def _first(thread: dict[str, str], keys: tuple[str, ...]) -> str:
    return next((thread[key] for key in keys if key in thread), "")


def _title(thread: dict[str, str], architecture: str) -> str:
    """Arm has numbers in place of a name."""
    named = _first(thread, _TITLES)
    if named or "CPU part" not in thread:
        return named or architecture
    return f"{architecture} (implementer {thread.get('CPU implementer', '?')}, part {thread['CPU part']})"
