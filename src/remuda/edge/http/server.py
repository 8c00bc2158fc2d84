"""The gateway's server: listens, looks at the bounds of time, ends in an orderly way.

One timer looks at all connections, rather than one for each: to set and cancel a timer costs more than the rest of
what a small request needs.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Sequence

from remuda.edge.http.client import ClientConnection
from remuda.edge.http.frontend import Frontend, Service
from remuda.edge.http.limits import Limits
from remuda.edge.http.listeners import BACKLOG, cannot_listen, take
from remuda.gateway.decide import Gateway
from remuda.spec.listen import Listen, authority


class GatewayServer:
    """A gateway; made by `bind`, which takes its address, and open to clients from `accept` on."""

    def __init__(self, frontend: Frontend, listeners: Sequence[asyncio.Server]) -> None:
        self._frontend = frontend
        self._listeners = listeners
        sockets = [sock for listener in listeners for sock in listener.sockets]
        self._addresses = tuple((str(sock.getsockname()[0]), int(sock.getsockname()[1])) for sock in sockets)
        self._descriptors = [sock.fileno() for sock in sockets]
        self._timer = frontend.loop.call_later(frontend.limits.sweep_s, self._sweep)

    @classmethod
    async def bind(cls, host: str, port: int, service: Service) -> GatewayServer:
        """Take an address; port 0 lets the system choose. Raises EffectError."""
        return await cls.on(await asyncio.to_thread(take, Listen(host, port)), service)

    @classmethod
    async def on(cls, sockets: Sequence[socket.socket], service: Service) -> GatewayServer:
        """Serve at sockets that have been taken, or that listen already. They are the server's from now on."""
        loop = asyncio.get_running_loop()
        frontend = Frontend.of(service, loop)
        listeners = [
            await loop.create_server(
                lambda: ClientConnection(frontend),
                sock=sock,
                backlog=BACKLOG,
                start_serving=False,
                ssl=service.tls,
                ssl_handshake_timeout=service.limits.head_s if service.tls else None,
            )
            for sock in sockets
        ]
        return cls(frontend, listeners)

    async def accept(self) -> None:
        """Let clients in. Raises EffectError when another program has begun to listen there since `bind`."""
        try:
            for listener in self._listeners:
                await listener.start_serving()
        except OSError as error:
            raise cannot_listen(*self._addresses[0], error) from error

    def copies(self) -> tuple[int, ...]:
        """Descriptors of the listening sockets: while one is open, who connects waits, also after `drain`."""
        return tuple(map(os.dup, self._descriptors))

    @property
    def addresses(self) -> tuple[tuple[str, int], ...]:
        """Where it listens: IP address and port, at least one."""
        return self._addresses

    @property
    def url(self) -> str:
        """The base URL of the first address."""
        return f"{self._frontend.scheme.decode()}://{authority(*self._addresses[0])}"

    def replace(self, gateway: Gateway, limits: Limits) -> None:
        """Decide by another snapshot from now on; new connections have these bounds."""
        self._frontend.replace(gateway, limits)

    async def drain(self, timeout_s: float) -> None:
        """Accept nothing more, close what is idle, let the rest finish for at most so long, then break it off."""
        frontend = self._frontend
        frontend.is_draining = True
        for listener in self._listeners:
            listener.close()
        await asyncio.sleep(0)  # who has just been accepted is a connection from the loop's next turn on
        frontend.emptied.clear()
        for connection in tuple(frontend.connections):
            connection.drain()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._wait_until_empty()
        for connection in tuple(frontend.connections):
            connection.abort()
        await self._wait_until_empty()
        self._timer.cancel()
        frontend.pool.close()

    async def _wait_until_empty(self) -> None:
        if self._frontend.connections:
            await self._frontend.emptied.wait()

    def _sweep(self) -> None:
        frontend = self._frontend
        self._timer = frontend.loop.call_later(frontend.limits.sweep_s, self._sweep)
        now = frontend.now()
        for connection in tuple(frontend.connections):
            connection.sweep(now)
        frontend.pool.sweep()
