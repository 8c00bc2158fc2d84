"""Watches the fleet file, so that every edit is applied by itself (`remuda up --watch`).

It is looked at twice a second: that also sees what is on a network share, and an editor that replaces the file instead
of writing to it. An edit counts once the file has stayed the same between two looks, so that a burst of edits is one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

PAUSE_S = 0.5


async def watch(file: Path, edited: Callable[[], Awaitable[None]], pause_s: float = PAUSE_S) -> None:
    """Await `edited` after every edit of the file, for ever."""
    applied = previous = _look(file)
    while True:
        await asyncio.sleep(pause_s)
        found = _look(file)
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
