"""The processes of this machine, as /proc tells them: who is whose child, in which session, since when."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Stat:
    """One process: the pids of its parent and of its session's leader, and its start in ticks since the boot."""

    parent: int
    session: int
    started_ticks: int
    is_zombie: bool


def stat(pid: int) -> Stat | None:
    """A process, from /proc/PID/stat (proc(5)), where its command may hold spaces and parentheses; None if gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = text[text.rindex(")") + 2 :].split()
    return Stat(
        parent=int(fields[1]), session=int(fields[3]), started_ticks=int(fields[19]), is_zombie=fields[0] in "ZX"
    )


def processes() -> dict[int, Stat]:
    """Every process there is, by pid."""
    pids = (int(entry.name) for entry in os.scandir("/proc") if entry.name.isdigit())
    return {pid: found for pid in pids if (found := stat(pid)) is not None}


def descendants(table: Mapping[int, Stat], roots: set[int]) -> set[int]:
    """The children of the roots, and theirs, and so on."""
    children: dict[int, list[int]] = {}
    for pid, found in table.items():
        children.setdefault(found.parent, []).append(pid)
    family: set[int] = set()
    queue = list(roots)
    while queue:
        for pid in children.get(queue.pop(), ()):
            if pid not in family:
                family.add(pid)
                queue.append(pid)
    return family
