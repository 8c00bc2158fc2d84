"""The connections to engines that are kept for reuse.

The newest is used first, so that the others grow old and are closed. One is kept for less time than engines keep
theirs. Connections in use belong to whoever uses them and are not known here.
"""

from __future__ import annotations

import asyncio
import ssl
from itertools import chain
from time import monotonic

from remuda.edge.http.limits import Limits
from remuda.edge.http.outbox import Outbox
from remuda.edge.http.seam import Endpoint
from remuda.edge.http.upstream import Listener, Outgoing, UpstreamConnection


class Pool:
    """Idle connections by endpoint, and the way to new ones; `outbox` sends what is written to them."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.outbox = Outbox(asyncio.get_running_loop())
        self._idle: dict[Endpoint, list[UpstreamConnection]] = {}
        self._context: ssl.SSLContext | None = None

    def send(self, endpoint: Endpoint, outgoing: Outgoing, listener: Listener, now: float) -> UpstreamConnection:
        """Send a request on a kept connection, or on a new one; `now` is `time.monotonic`'s."""
        idle = self._idle.get(endpoint)
        while idle:
            connection = idle.pop()
            if now < connection.kept_until:
                connection.send(outgoing, listener, now)
                return connection
            connection.abort()
        return self.connect(endpoint, outgoing, listener)

    def connect(self, endpoint: Endpoint, outgoing: Outgoing, listener: Listener) -> UpstreamConnection:
        """Send a request on a new connection."""
        connection = UpstreamConnection(endpoint, self._limits, self.outbox, self._keep)
        connection.connect(outgoing, listener, self.tls() if endpoint.tls else None)
        return connection

    def tls(self) -> ssl.SSLContext:
        """What connections to `https` servers are made with."""
        if self._context is None:
            self._context = ssl.create_default_context()
        return self._context

    def sweep(self) -> None:
        """Close what has been kept for too long."""
        now = monotonic()
        for endpoint, idle in list(self._idle.items()):
            for connection in tuple(idle):
                if now >= connection.kept_until:
                    idle.remove(connection)
                    connection.abort()
            if not idle:
                del self._idle[endpoint]

    def close(self) -> None:
        """Close all that is kept."""
        for connection in chain.from_iterable(self._idle.values()):
            connection.abort()
        self._idle.clear()

    def _keep(self, connection: UpstreamConnection) -> None:
        idle = self._idle.get(connection.endpoint)
        if idle is None:
            idle = self._idle[connection.endpoint] = []
        if len(idle) < self._limits.idle_connections:
            connection.kept_until = monotonic() + self._limits.idle_s
            idle.append(connection)
        else:
            connection.abort()
