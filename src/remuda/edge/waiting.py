"""Waits for the end of another process and the like, without looking again and again."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Sequence
from typing import Protocol, TypeVar


class Waitable(Protocol):
    """What has a descriptor that becomes readable."""

    def fileno(self) -> int:
        """The descriptor."""
        ...


W = TypeVar("W", bound=Waitable)


class Pidfd:
    """A process, and no other that gets its number later; readable when it has ended. Raises ProcessLookupError."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._descriptor = os.pidfd_open(pid)

    def fileno(self) -> int:
        """The descriptor."""
        return self._descriptor

    def send(self, number: signal.Signals) -> None:
        """Send it a signal. Raises ProcessLookupError."""
        signal.pidfd_send_signal(self._descriptor, number)

    def close(self) -> None:
        """Look no more."""
        os.close(self._descriptor)


def first_of(watched: Sequence[W], limit_s: float) -> W:
    """The one that is readable first; of several the earlier one. Raises TimeoutError."""
    poll = select.poll()
    for each in watched:
        poll.register(each.fileno(), select.POLLIN)
    ready = {descriptor for descriptor, _ in poll.poll(limit_s * 1000)}
    if not ready:
        raise TimeoutError
    return next(each for each in watched if each.fileno() in ready)
