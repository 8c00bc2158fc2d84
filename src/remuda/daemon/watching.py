"""Watches the fleet file and its lock, so that every edit is applied by itself (`remuda up --watch`).

They are looked at twice a second: that also sees what is on a network share, and an editor that replaces a file instead
of writing to it. An edit counts once both have stayed the same between two looks, so that a burst of edits is one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from remuda.edge import lock_file

PAUSE_S = 0.5


async def watch(file: Path, edited: Callable[[], Awaitable[None]], pause_s: float = PAUSE_S) -> None:
    """Await `edited` after every edit of the file or of its lock, for ever."""
    lock = lock_file.path_of(file)
    applied = previous = _look(file), _look(lock)
    while True:
        await asyncio.sleep(pause_s)
        found = _look(file), _look(lock)
        if found == previous and found != applied:
            applied = found
            await edited()
        previous = found


def _look(file: Path) -> tuple[int, int, int] | None:
    """What tells two states of the file apart; None while it is not there."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
