"""One daemon a fleet: a file lock that the kernel drops with its holder, so that a killed daemon leaves none."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from remuda.errors import EffectError


class Lock:
    """Held from its making until the process ends or `release`; says which process holds it.

    `inherited`: the descriptor that the daemon before us in this process has held it by.
    """

    def __init__(self, path: Path, inherited: int | None = None) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        self.descriptor = os.open(path, flags, 0o600) if inherited is None else inherited
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _written(self.descriptor)
            os.close(self.descriptor)
            message = f"this fleet is already up: the daemon with pid {holder or '?'} serves it"
            hint = "use `remuda reload` to apply the file, or `remuda down` to end it"
            raise EffectError(message, hint=hint) from None
        os.ftruncate(self.descriptor, 0)
        os.pwrite(self.descriptor, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Let another daemon have the fleet, if no copy of the descriptor is left."""
        os.close(self.descriptor)


def holder(path: Path) -> int | None:
    """The pid of the daemon that holds the lock, whether it serves already or not; None when nobody does.

    To try the lock would be to hold it for a moment, in which a daemon could find it taken.
    """
    try:
        pid = path.read_text().strip()
        opened = list(Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return None
    return int(pid) if any(_leads_to(path, entry) for entry in opened) else None


def _leads_to(path: Path, descriptor: Path) -> bool:
    try:
        return descriptor.samefile(path)
    except OSError:  # it has been closed meanwhile
        return False


def _written(descriptor: int) -> str:
    return os.pread(descriptor, 32, 0).decode().strip()
