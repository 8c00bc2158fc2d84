"""An engine's log: a file that the engine itself writes, bounded and rotated without its help.

Each start gets a fresh file, the last few are kept beside it as `.1`, `.2`, …. While an engine runs, its file is copied
and truncated in place once it is too long: the engine's descriptor is in append mode, so it goes on at the new end
(what it writes between the copy and the cut is lost; that is the price of no pipe).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

MAX_BYTES = 16 * 1024 * 1024
KEPT = 3
_TAIL_BYTES = 64 * 1024


def rotate(path: Path) -> None:
    """Put the present file aside, so that the next start begins an empty one."""
    if path.exists():
        _shift(path)
        path.rename(_aside(path, 1))


def bound(path: Path, max_bytes: int = MAX_BYTES) -> None:
    """Cut a file that has grown too long while its engine writes it; on a full disk nothing of it is kept."""
    if path.exists() and path.stat().st_size > max_bytes:
        _shift(path)
        try:
            shutil.copyfile(path, _aside(path, 1))
        except OSError:
            _aside(path, 1).unlink(missing_ok=True)
        os.truncate(path, 0)


def tail(path: Path, lines: int) -> list[str]:
    """The last lines, decoded with care; empty when there is no log yet."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - max(_TAIL_BYTES, lines * 256)))
            text = file.read().decode(errors="replace")
    except FileNotFoundError:
        return []
    return text.splitlines()[-lines:] if lines else []


class Follower:
    """Reads what is appended to a log, across rotations."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._inode, self._offset = self._where()

    def _where(self) -> tuple[int, int]:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return 0, 0
        return found.st_ino, found.st_size

    def read(self) -> Iterator[bytes]:
        """Whatever came since the last call."""
        inode, size = self._where()
        if inode != self._inode or size < self._offset:
            self._inode, self._offset = inode, 0
        while self._offset < size:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                chunk = file.read(min(_TAIL_BYTES, size - self._offset))
            if not chunk:
                return
            self._offset += len(chunk)
            yield chunk


def _aside(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.{number}")


def _shift(path: Path) -> None:
    for number in range(KEPT - 1, 0, -1):
        if _aside(path, number).exists():
            _aside(path, number).rename(_aside(path, number + 1))
