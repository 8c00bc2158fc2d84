"""An engine's logs: files that the engine itself writes, one for each attempt to run it, bounded without its help.

`NAME.log` is a link to the log of the last attempt, `NAME/7.log` that of the seventh; the last few are kept. While an
engine runs, its file is copied and truncated in place once it is too long: the engine's descriptor is in append mode,
so it goes on at the new end (what it writes between the copy and the cut is lost; that is the price of no pipe).
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from remuda.errors import EffectError

MAX_BYTES = 16 * 1024 * 1024
KEPT = 5
_TAIL_BYTES = 64 * 1024


def begin(link: Path) -> int:
    """Let `link` name a fresh log, and forget the oldest; returns the number of the attempt. Raises EffectError."""
    known = attempts(link)
    number = max(known, default=0) + 1
    log = of_attempt(link, number)
    try:
        log.parent.mkdir(mode=0o700, exist_ok=True)
        log.touch(mode=0o600)
        fresh = log.parent / "link"
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(log.relative_to(link.parent))
        fresh.replace(link)
    except OSError as error:
        message = f"cannot write the log `{log}`: {error.strerror}"
        raise EffectError(message, hint="make room on its disk, or see that the directory is writable") from error
    for old in known[: -(KEPT - 1)]:
        with contextlib.suppress(OSError):
            of_attempt(link, old).unlink()
            _aside(of_attempt(link, old)).unlink(missing_ok=True)
    return number


def attempts(link: Path) -> list[int]:
    """The numbers of the attempts whose logs are kept, the last one at the end."""
    names = (path.stem for path in link.with_suffix("").glob("*.log"))
    return sorted(int(name) for name in names if name.isdecimal())


def of_attempt(link: Path, number: int) -> Path:
    """The log of an attempt, whether it is kept or not."""
    return link.with_suffix("") / f"{number}.log"


def bound(path: Path, max_bytes: int = MAX_BYTES) -> None:
    """Cut a file that has grown too long while its engine writes it; on a full disk nothing of it is kept."""
    if path.exists() and path.stat().st_size > max_bytes:
        log = path.resolve()
        try:
            shutil.copyfile(log, _aside(log))
        except OSError:
            _aside(log).unlink(missing_ok=True)
        os.truncate(log, 0)


def tail(path: Path, lines: int, shown: Callable[[str], str] = str) -> list[str]:
    """The last lines, decoded with care; empty when there is no log yet. `shown` makes of the text what may be seen."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - max(_TAIL_BYTES, lines * 256)))
            text = shown(file.read().decode(errors="replace"))
    except FileNotFoundError:
        return []
    return text.splitlines()[-lines:] if lines else []


def size_bytes(path: Path) -> int:
    """How long a log is; 0 while there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


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


def _aside(path: Path) -> Path:
    return path.with_name(f"{path.name}.1")
