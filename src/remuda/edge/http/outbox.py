"""What is written in one turn of the event loop, sent together at its end.

An engine that batches sends an event on each of its streams at once, and the loop finds them all in one turn; so it
does with requests when many are under way. To pass each on as it is read wakes up its reader each time, who reads it,
sleeps, and has to be woken again for the next; that interrupts one processor from another, and costs us more than all
else that is done for an event. Sent one after the other, most find their reader awake.

Nothing waits: the loop runs what is sent here before it looks for anything new.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

Write = Callable[[bytes], object]


class Outbox:
    """What there is to send in this turn, and where to. `turn`: its number; all that was added before has been sent."""

    __slots__ = ("_loop", "_pending", "turn")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.turn = 0
        self._loop = loop
        self._pending: deque[tuple[Write, bytes]] = deque()

    def add(self, write: Write, data: bytes) -> None:
        """Call `write` with this at the end of this turn."""
        pending = self._pending
        if not pending:
            self._loop.call_soon(self.send)
        pending.append((write, data))

    def send(self) -> None:
        """Send all that there is now. One that cannot be written to does not hold up the others."""
        pending = self._pending
        try:
            while pending:
                write, data = pending.popleft()
                write(data)
            self.turn += 1
        finally:
            if pending:
                self._loop.call_soon(self.send)

    def drop(self, write: Write) -> None:
        """Send nothing of what is still to be sent there."""
        others = [item for item in self._pending if item[0] is not write]
        self._pending.clear()
        self._pending.extend(others)
