"""Makes this process the parent of its descendants' orphans, and ends the zombies that they become.

A wrapper (`sh -c`, `uv run`, `conda run`) that ends before the server it has started would leave that to PID 1, beyond
the sight of whoever looks for descendants. As their reaper the daemon still finds them. It owes them a `wait` then.
"""

from __future__ import annotations

import contextlib
import ctypes
import os

from remuda.edge.process_table import processes

_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


def adopt_orphans(*, wanted: bool = True) -> bool:
    """Whether orphans among this process's descendants become its children from now on (prctl(2))."""
    libc = ctypes.CDLL(None, use_errno=True)
    return bool(libc.prctl(_PR_SET_CHILD_SUBREAPER, int(wanted), 0, 0, 0) == 0)


class Reaper:
    """Waits for children that nobody else waits for."""

    def __init__(self) -> None:
        self._seen: set[int] = set()

    def reap(self) -> None:
        """Take away the zombies that were there at the last call already: whoever started them would have by now."""
        zombies = set(_zombie_children()) if _has_zombies() else set()
        for pid in zombies & self._seen:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        self._seen = zombies


def _has_zombies() -> bool:
    """Ask the kernel, before looking at every process there is."""
    try:
        return os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return False


def _zombie_children() -> list[int]:
    return [pid for pid, found in processes().items() if found.is_zombie and found.parent == os.getpid()]
