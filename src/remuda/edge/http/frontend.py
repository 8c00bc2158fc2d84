"""What all client connections of one gateway share."""

from __future__ import annotations

import asyncio
import itertools
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Protocol, TypeVar

from msgspec import structs

from remuda.edge.http.account import own_record
from remuda.edge.http.limits import Limits
from remuda.edge.http.memo import Memo
from remuda.edge.http.pool import Pool
from remuda.edge.http.reader import Inbound
from remuda.edge.http.seam import Admission, Observer, Residency
from remuda.gateway.decide import Admitted, Gateway
from remuda.gateway.envelope import Answer
from remuda.gateway.keys import Key
from remuda.gateway.quota import Meter
from remuda.gateway.shapes import Fault

_K = TypeVar("_K")

_QUEUE_RETRY_S = 5


class Connection(Protocol):
    """A client's connection, as its server sees it."""

    def drain(self) -> None:
        """Close as soon as nothing is being answered."""
        ...

    def sweep(self, now: float) -> None:
        """Look at the bounds of time."""
        ...

    def abort(self) -> None:
        """Close at once."""
        ...


@dataclass(frozen=True, slots=True)
class Ways:
    """Where requests may go: to instances that residency grants, past it to one that is ready, to the control API."""

    residency: Residency
    observing: Admission
    control: Admission


@dataclass(frozen=True, slots=True)
class Service:
    """What a gateway serves: by which decisions, to where, who hears of it, within which bounds; `tls` is optional."""

    gateway: Gateway
    ways: Ways
    observer: Observer
    limits: Limits = field(default_factory=Limits)
    tls: ssl.SSLContext | None = None


@dataclass(slots=True)
class Frontend:
    """The parts, and what is going on. `gateway` may be replaced; what has been decided stands.

    `now`: the clock, in seconds; uvloop's own tells whole milliseconds only. `epoch_s`: what has to be added to it to
    have seconds since 1970. `queued`: how many requests wait for each model. `emptied` has been set when the last
    connection closes, and is of use only while no new ones come.
    """

    gateway: Gateway
    ways: Ways
    pool: Pool
    limits: Limits
    observer: Observer
    loop: asyncio.AbstractEventLoop
    now: Callable[[], float]
    epoch_s: float
    memo: Memo[Admitted]
    scheme: bytes = b"http"
    connections: set[Connection] = field(default_factory=set)
    addresses: dict[str, int] = field(default_factory=dict)
    queued: dict[str, int] = field(default_factory=dict)
    meters: dict[str, Meter] = field(default_factory=dict)
    requests: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    emptied: asyncio.Event = field(default_factory=asyncio.Event)
    is_draining: bool = False

    @classmethod
    def of(cls, service: Service, loop: asyncio.AbstractEventLoop) -> Frontend:
        """The frontend of a service that nobody has used yet."""
        return cls(
            gateway=service.gateway,
            ways=service.ways,
            pool=Pool(service.limits),
            limits=service.limits,
            observer=service.observer,
            loop=loop,
            now=time.monotonic,
            epoch_s=time.time() - time.monotonic(),
            memo=Memo(service.gateway.body_max_bytes),
            scheme=b"https" if service.tls else b"http",
        )

    def replace(self, gateway: Gateway, limits: Limits) -> None:
        """Decide by another snapshot from now on; new connections have these bounds."""
        self.gateway = gateway
        self.limits = limits
        self.memo.forget()
        self.memo.body_bytes = gateway.body_max_bytes

    def enter(self, connection: Connection, address: str) -> bool:
        """Take a new connection in; False when there are enough from its address, and it is not counted."""
        self.connections.add(connection)
        count = self.addresses.get(address, 0)
        if count >= self.limits.connections_per_address:
            return False
        self.addresses[address] = count + 1
        return True

    def leave(self, connection: Connection, address: str | None) -> None:
        """Forget a connection that is closed; `address`: where it was counted."""
        self.connections.discard(connection)
        if address is not None:
            _count_down(self.addresses, address)
        if not self.connections:
            self.emptied.set()

    def answered(self, inbound: Inbound, answer: Answer, address: str) -> None:
        """Tell the observer of a request that no server was asked for; what could not even be read is nobody's."""
        head, verdict = inbound.head, inbound.verdict
        if head is not None:
            if head.length is None:
                head = structs.replace(head, length=len(inbound.body))
            key = "" if isinstance(verdict, Answer) else verdict.key.name
            self.observer.ended(own_record(head, answer, key, address, self.epoch_s + self.now()))

    def full(self, model: str) -> Fault | None:
        """Why no more requests may wait for a model; None while they may."""
        count = self.queued.get(model, 0)
        if count < self.limits.queue:
            return None
        message = f"{count} requests wait for `{model}` already, which is the limit"
        retry = ((b"retry-after", b"%d" % _QUEUE_RETRY_S),)
        return Fault(HTTPStatus.TOO_MANY_REQUESTS, message, "queue_full", headers=retry)

    def queue(self, model: str) -> None:
        """A request waits."""
        self.queued[model] = self.queued.get(model, 0) + 1

    def unqueue(self, model: str) -> None:
        """A request does not wait any more."""
        _count_down(self.queued, model)

    def meter(self, key: Key) -> Meter | None:
        """What a key has used of its quota; None when it has none."""
        quota = key.scope.quota
        if quota is None:
            return None
        meter = self.meters.get(key.name)
        if meter is None or meter.quota != quota:
            meter = self.meters[key.name] = Meter(quota)
        return meter


def _count_down(counts: dict[_K, int], what: _K) -> None:
    """One fewer; what is at nothing is forgotten, so that the table does not grow with all that ever was."""
    count = counts[what] - 1
    if count:
        counts[what] = count
    else:
        del counts[what]
