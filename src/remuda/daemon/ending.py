"""The ways in which a daemon ends: with its engines, without them, or by giving its place to the next.

Whichever it is, requests in flight are finished first, for a bounded time. Where the engines stay, what is asked for
meanwhile waits: for the next daemon at the socket that this one hands over, or for nobody.
"""

from __future__ import annotations

import asyncio
import enum
import os

from remuda.daemon import report
from remuda.daemon.status import Status
from remuda.edge.http.server import GatewayServer

GRACE_S = 30.0
_LAST_S = 1.0


class End(enum.Enum):
    """How a daemon is asked to end; its value says what follows once the requests are finished."""

    STOP = "stopping"
    INTERRUPT = "stopping, interrupted"
    """As `STOP`, by Ctrl-C."""
    KILL = "stopping at once"
    """As `STOP`, without waiting for requests and engines."""
    LEAVE = "leaving the engines to the next daemon"
    REPLACE = "giving way to the next daemon"

    @property
    def keeps_engines(self) -> bool:
        """Whether the engines go on."""
        return self in {End.LEAVE, End.REPLACE}


Asks = asyncio.Queue[End | None]
"""What a daemon is asked for; None is to read its file again."""


class Ending:
    """Ends a daemon that serves. Whoever reads `asks` hands them over with the call of `end`.

    `listening`: after `End.REPLACE`, copies of the gateway's sockets: nobody is refused between two daemons.
    """

    def __init__(self, server: GatewayServer, status: Status, asks: Asks, reporter: report.Reporter) -> None:
        self._server = server
        self._status = status
        self._asks = asks
        self._report = reporter
        self.listening: tuple[int, ...] = ()

    async def end(self, how: End) -> End:
        """End in this way, or in the one that is asked for meanwhile; returns which it was."""
        if how.keeps_engines:
            how = await self._leave(how)
        if not how.keeps_engines:
            await self._stop(how)
        return how

    async def _leave(self, how: End) -> End:
        """Finish requests and let go of the engines, unless an ask to stop them comes first."""
        self._report(report.ShuttingDown(self._status.in_flight, how.value))
        self.listening = self._server.copies() if how is End.REPLACE else ()
        async with asyncio.TaskGroup() as tasks:
            drained = tasks.create_task(self._drain())
            asked = tasks.create_task(self._asked_to_stop())
            await asyncio.wait((drained, asked), return_when=asyncio.FIRST_COMPLETED)
            is_drained = drained.done()
            drained.cancel()
            asked.cancel()
        if not is_drained:
            for descriptor in self.listening:
                os.close(descriptor)
            return asked.result()
        await self._status.instances.leave()
        return how

    async def _drain(self) -> None:
        loop = asyncio.get_running_loop()
        # Who waits for a load that takes longer is better told than cut off.
        turn_away = loop.call_later(GRACE_S - _LAST_S, self._status.dispatcher.turn_away)
        try:
            await self._server.drain(GRACE_S)
        finally:
            turn_away.cancel()

    async def _asked_to_stop(self) -> End:
        while (asked := await self._asks.get()) is None or asked.keeps_engines:
            pass
        return asked

    async def _stop(self, how: End) -> None:
        dispatcher, grace_s = self._status.dispatcher, 0 if how is End.KILL else GRACE_S
        self._report(report.ShuttingDown(self._status.in_flight, End.STOP.value))
        async with asyncio.TaskGroup() as tasks:
            impatience = tasks.create_task(self._kill_when_asked())
            await asyncio.gather(self._server.drain(grace_s), dispatcher.shut_down(grace_s))
            impatience.cancel()

    async def _kill_when_asked(self) -> None:
        """Whoever asks a second time does not want to wait."""
        while await self._asks.get() is None:
            pass
        self._status.dispatcher.kill()
