"""Tells a ready engine that hangs from one that is busy.

An engine has hung when for its whole `health_timeout` its health path gave no answer at all, no byte came over any
connection to it, and its log did not grow. Any of these is a sign of life: an engine may be too busy to answer health
while it streams, and one that answers health may take an hour over a request. Its process is not asked: an engine
that waits for its GPU for ever is as busy as any.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from remuda.edge.engine_log import size_bytes
from remuda.edge.http.seam import Endpoint
from remuda.edge.readiness import Question
from remuda.edge.sockets import received_bytes
from remuda.engines.contract import Readiness

_LOOKS = 8
_LONGEST_PAUSE_S = 15.0

Sign = Callable[[], object]


async def hangs(
    endpoint: Endpoint,
    readiness: Readiness,
    limit_s: float,
    signs: tuple[Sign, ...],
    is_watched: Callable[[], bool] = lambda: True,
) -> None:
    """Returns once there was no sign of life for `limit_s`; a sign is given whenever a value of `signs` changes.

    While it is not watched, because it sleeps, it is not asked anything, and its time does not run.
    """
    loop = asyncio.get_running_loop()
    question = Question(endpoint, readiness, timeout_s=limit_s / _LOOKS)
    last_sign, seen = loop.time(), [sign() for sign in signs]
    try:
        while loop.time() - last_sign <= limit_s:
            await asyncio.sleep(min(limit_s / _LOOKS, _LONGEST_PAUSE_S))
            if not is_watched():
                last_sign = loop.time()
                continue
            await question.ask()
            now = [sign() for sign in signs]
            if question.answered or now != seen:
                last_sign, seen = loop.time(), now
    finally:
        question.close()


def signs_of(port: int, log: Path) -> tuple[Sign, ...]:
    """What shows that an engine lives beside its answers: bytes over connections to its port, and its log."""
    return (_Carried(port).look, partial(size_bytes, log))


class _Carried:
    """Counts the looks at which bytes had come over connections to a port. That one was closed is no sign."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._last: Mapping[int, int] = {}
        self._count = 0

    def look(self) -> int:
        """The count. Where the kernel does not tell, every look counts: half the evidence condemns nobody."""
        received = received_bytes(self._port)
        if received is None or any(size > self._last.get(inode, 0) for inode, size in received.items()):
            self._count += 1
        self._last = received or {}
        return self._count
