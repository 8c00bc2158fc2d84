"""Limits of control groups (cgroups(7); the kernel's `admin-guide/cgroup-v2.rst` and `cgroup-v1/memory.rst`).

A limit holds for all that lies below it, so those of every group above count as well. Inside a container the path of a
group may be that of the outside, which is not there: then the limit is found at the root.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

_ROOT: Final = "/sys/fs/cgroup"
_UNLIMITED_BYTES: Final = 2**60
"""The first version has no word for `no limit`, only the largest number of pages."""


@dataclass(frozen=True, slots=True)
class Groups:
    """Where the limits of a process are: `version` of control groups, folders from its own group up to the root."""

    version: int
    memory: tuple[str, ...]
    cpu: tuple[str, ...]


def groups(self_cgroup: str) -> Groups:
    """What `/proc/self/cgroup` means. A hybrid system counts as version 1, for there its controllers are."""
    paths: dict[str, str] = {}
    for line in self_cgroup.splitlines():
        _, controllers, path = line.split(":", 2)
        paths.update(dict.fromkeys(controllers.split(","), path))
    if "memory" in paths:
        memory, cpu = (tuple(_upward(f"{_ROOT}/{name}", paths.get(name, "/"))) for name in ("memory", "cpu"))
        return Groups(1, memory, cpu)
    both = tuple(_upward(_ROOT, paths.get("", "/")))
    return Groups(2, both, both)


def limit_bytes(text: str) -> int | None:
    """A limit of memory (`memory.max`, `memory.limit_in_bytes`); None for none."""
    word = text.strip()
    return None if word == "max" or int(word) >= _UNLIMITED_BYTES else int(word)


def held_bytes(usage: str, stat: str) -> int:
    """What a group holds that could not be had back: pages of files that nobody used lately do not count."""
    values = dict(line.split() for line in stat.splitlines())
    return max(0, int(usage) - int(values.get("total_inactive_file", values.get("inactive_file", 0))))


def quota(cpu_max: str) -> float | None:
    """How many processors' time `cpu.max` (`200000 100000`) allows; None for no limit."""
    allowed, period = cpu_max.split()
    return None if allowed in ("max", "-1") else int(allowed) / int(period)


def _upward(root: str, path: str) -> Iterator[str]:
    own = PurePosixPath(path.lstrip("/"))
    for folder in (own, *own.parents):
        yield str(PurePosixPath(root) / folder)
