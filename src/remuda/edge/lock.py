"""One daemon a fleet: a file lock that the kernel drops with its holder, so that a killed daemon leaves none."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from remuda.errors import EffectError


class Lock:
    """Held from its making until the process ends or `release`; says which process holds it."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._descriptor, 32, 0).decode().strip()
            os.close(self._descriptor)
            message = f"this fleet is already up: the daemon with pid {holder or '?'} serves it"
            raise EffectError(message, hint="use `remuda ps` to see it, or stop it first") from None
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Let another daemon have the fleet."""
        os.close(self._descriptor)
