"""Cgroups of version 2, where this daemon may make some: each engine in one of its own.

A cgroup holds every process of an engine whatever it forks, bounds them together, and ends them at one stroke
(`cgroup.kill`). It is used where it is to be had (as root, or in a subtree that systemd delegates with `Delegate=yes`)
and never needed: the session, descent and the mark of `remuda.edge.process` do without.

A cgroup that has processes of its own cannot hand controllers down (the kernel's rule of no internal processes), so
the daemon moves itself into a child of its cgroup first, unless that is the root of the hierarchy.

Not done here: anything with cgroups of version 1, and to ask systemd for one (`remuda.edge.scopes`).
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

PREFIX = "remuda-engine-"
"""What the name of every engine's cgroup begins with, whoever has made it."""

_DAEMON = "remuda-daemon"
_PERIOD_US = 100_000
_CONTROLLERS = ("memory", "cpu")


@dataclass(frozen=True, slots=True)
class Cgroup:
    """One engine's cgroup. Whatever cannot be done to it is left undone: a kill by pid follows in any case."""

    path: Path

    def add(self, pid: int) -> None:
        """Put a process in; what it forks from now on is in as well."""
        _write(self.path / "cgroup.procs", str(pid))

    def pids(self) -> set[int]:
        """The processes in it and below it."""
        found: set[int] = set()
        with contextlib.suppress(OSError):  # it is gone
            for procs in self.path.rglob("cgroup.procs"):
                found.update(int(pid) for pid in procs.read_text().split())
        return found

    def kill(self) -> None:
        """End every process in it."""
        _write(self.path / "cgroup.kill", "1")

    def remove(self) -> None:
        """Remove it and what the engine made below it; only one without processes can be."""
        with contextlib.suppress(OSError):
            for below in sorted((path for path in self.path.rglob("*") if path.is_dir()), reverse=True):
                below.rmdir()
            self.path.rmdir()

    @property
    def is_out_of_memory(self) -> bool:
        """Whether the kernel has ended a process in it because it reached `memory.max`."""
        with contextlib.suppress(OSError):
            return re.search(r"^oom_kill [1-9]", (self.path / "memory.events").read_text(), re.MULTILINE) is not None
        return False


@dataclass(frozen=True, slots=True)
class Cgroups:
    """Where cgroups can be made; `controllers` are those that bound what is in them."""

    root: Path
    controllers: frozenset[str]

    def make(self, name: str, *, memory_bytes: int | None = None, cpus: float | None = None) -> Cgroup | None:
        """A cgroup with limits, as far as there are controllers for them; None when it cannot be made after all."""
        path = self.root / f"{PREFIX}{re.sub(r'[^A-Za-z0-9.-]+', '_', name)}-{secrets.token_hex(4)}"
        try:
            path.mkdir()
        except OSError:
            return None
        if memory_bytes is not None:
            _write(path / "memory.max", str(memory_bytes))
            _write(path / "memory.oom.group", "1")
        if cpus is not None:
            _write(path / "cpu.max", f"{round(cpus * _PERIOD_US)} {_PERIOD_US}")
        return Cgroup(path)


def find_cgroups() -> Cgroups | None:
    """Where this process may make cgroups; None when nowhere. It may move itself into a child of its own."""
    own = _own()
    if own is None or not os.access(own, os.W_OK):
        return None
    probe = own / f"{_DAEMON}-probe-{os.getpid()}"
    try:
        probe.mkdir()
        probe.rmdir()
    except OSError:
        return None
    available = _words(own / "cgroup.controllers")
    wanted = [name for name in _CONTROLLERS if name in available]
    if wanted and not set(wanted) <= _words(own / "cgroup.subtree_control"):
        _hand_down(own, wanted)
    return Cgroups(own, frozenset(wanted) & _words(own / "cgroup.subtree_control"))


def cgroup_of(pid: int) -> Cgroup | None:
    """The cgroup that an earlier daemon made for this engine."""
    path = _cgroup_path(pid)
    return Cgroup(path) if path is not None and path.name.startswith(PREFIX) else None


def cgroup_named(pid: int, name: str) -> Cgroup | None:
    """The cgroup of this name that a process is in, at whatever depth; systemd names that of a unit after it."""
    path = _cgroup_path(pid)
    return next((Cgroup(above) for above in (path, *path.parents) if above.name == name), None) if path else None


def controllers_of(text: str) -> frozenset[str]:
    """The controllers that bound what is in a cgroup like that of a process; `text` is its /proc/PID/cgroup.

    The process may have ended, and its cgroup with it: the one above hands them down.
    """
    path = _directory(text)
    return frozenset(_CONTROLLERS) & _words(path.parent / "cgroup.subtree_control") if path else frozenset()


def _own() -> Path | None:
    """The cgroup that this process is in; the one above where an earlier call, or daemon, has moved it down."""
    path = _cgroup_path(os.getpid())
    if path is None:
        return None
    return path.parent if path.name == _DAEMON or path.name.startswith(PREFIX) else path


def _hand_down(own: Path, controllers: Collection[str]) -> None:
    is_root = not (own / "cgroup.type").exists()
    if not is_root:
        leaf = own / _DAEMON
        with contextlib.suppress(OSError):
            leaf.mkdir(exist_ok=True)
        _write(leaf / "cgroup.procs", str(os.getpid()))
    _write(own / "cgroup.subtree_control", " ".join(f"+{name}" for name in controllers))


def _cgroup_path(pid: int) -> Path | None:
    """The directory of a process's cgroup."""
    try:
        return _directory(Path(f"/proc/{pid}/cgroup").read_text())
    except OSError:
        return None


def _directory(text: str) -> Path | None:
    """The directory of the line `0::/…` of /proc/PID/cgroup, below where cgroup2 is mounted."""
    try:
        mounts = _mounts(Path("/proc/self/mountinfo").read_text())
    except OSError:
        return None
    inside = next((line[3:] for line in text.splitlines() if line.startswith("0::")), None)
    if inside is None or inside.startswith("/..") or not mounts:
        return None
    root, point = next(iter(mounts.items()))
    return Path(point) / inside.removeprefix(root.rstrip("/")).lstrip("/")


def _mounts(mountinfo: str) -> Mapping[str, str]:
    """Where each cgroup2 is mounted, by the root of the mount (proc_pid_mountinfo(5))."""
    fields = (line.split() for line in mountinfo.splitlines())
    return {words[3]: words[4] for words in fields if words[words.index("-") + 1] == "cgroup2"}


def _words(path: Path) -> frozenset[str]:
    try:
        return frozenset(path.read_text().split())
    except OSError:
        return frozenset()


def _write(path: Path, text: str) -> None:
    with contextlib.suppress(OSError):
        path.write_text(text)
