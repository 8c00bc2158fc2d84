"""What all client connections of one gateway share."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from remuda.edge.http.limits import Limits
from remuda.edge.http.pool import Pool
from remuda.edge.http.seam import Admission
from remuda.gateway.decide import Gateway


class Connection(Protocol):
    """A client's connection, as its server sees it."""

    def drain(self) -> None:
        """Close as soon as nothing is being answered."""
        ...

    def sweep(self, now: float) -> None:
        """Look at the bounds of time; `now` is the loop's clock."""
        ...

    def abort(self) -> None:
        """Close at once."""
        ...


@dataclass(slots=True)
class Frontend:
    """The parts, and what is going on. `gateway` may be replaced; what has been decided stands.

    `emptied` has been set when the last connection closes, and is of use only while no new ones come.
    """

    gateway: Gateway
    admission: Admission
    pool: Pool
    limits: Limits
    chance: Callable[[], float]
    loop: asyncio.AbstractEventLoop
    connections: set[Connection] = field(default_factory=set)
    requests: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    emptied: asyncio.Event = field(default_factory=asyncio.Event)
    is_draining: bool = False

    def leave(self, connection: Connection) -> None:
        """Forget a connection that is closed."""
        self.connections.discard(connection)
        if not self.connections:
            self.emptied.set()
