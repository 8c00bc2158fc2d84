"""What is written in one turn of the event loop, sent together at its end.

An engine that batches sends an event on each of its streams at once, and the loop finds them all in one turn; so it
does with requests when many are under way. To pass each on as it is read wakes up its reader each time, who reads it,
sleeps, and has to be woken again for the next; that interrupts one processor from another, and costs us more than all
else that is done for an event. Sent one after the other, most find their reader awake.

Nothing waits: the loop runs what is sent here before it looks for anything new.
"""

from __future__ import annotations

import asyncio
from typing import Protocol


class Sender(Protocol):
    """Who has something to send."""

    def flush(self) -> None:
        """Send it now."""
        ...


class Outbox:
    """Those who have something to send in this turn."""

    __slots__ = ("_loop", "_senders")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._senders: list[Sender] = []

    def add(self, sender: Sender) -> None:
        """Call its `flush` at the end of this turn."""
        if not self._senders:
            self._loop.call_soon(self._send)
        self._senders.append(sender)

    def _send(self) -> None:
        senders, self._senders = self._senders, []
        for sender in senders:
            sender.flush()
