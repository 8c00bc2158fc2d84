"""What the gateway's sockets and the daemon know of each other."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from remuda.gateway.live import Live
from remuda.gateway.record import Record
from remuda.residency.commands import Refuse
from remuda.spec.listen import authority


@dataclass(frozen=True, slots=True, eq=False)
class Endpoint:
    """Where an instance listens.

    `served_name`: the `model` that it expects in a request, None when it accepts any. `apis`: the paths of other
    protocols than OpenAI's chat completions that it serves itself (`remuda.engines.contract.Engine.apis`); requests
    for the others are translated. `unix`: the path of its socket; then host and port are for the `Host` field only.

    An endpoint is equal to itself only. So no connection to an instance is used for another that listens on the same
    port after it; and a connection is looked up by it for every request.
    """

    host: str
    port: int
    tls: bool = False
    base_path: str = ""
    served_name: str | None = None
    apis: frozenset[str] = frozenset()
    unix: str = ""

    host_field: bytes = field(init=False)
    base: bytes = field(init=False)

    def __post_init__(self) -> None:
        """Make what every request needs once."""
        object.__setattr__(self, "host_field", authority(self.host, self.port).encode())
        object.__setattr__(self, "base", self.base_path.encode())

    @property
    def authority(self) -> str:
        """Its host and port."""
        return authority(self.host, self.port)

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"{'https' if self.tls else 'http'}://{self.authority}{self.base_path}"


class Waiter(Protocol):
    """A request that waits for an instance. One of the two is called, once."""

    def granted(self, endpoint: Endpoint) -> None:
        """Go there now."""
        ...

    def refused(self, refusal: Refuse) -> None:
        """There will be no instance."""
        ...


class Observer(Protocol):
    """Who is told of every request that is over."""

    def ended(self, record: Record) -> None:
        """A request is over. Called on the way of other requests: it must return at once."""
        ...


class Admission(Protocol):
    """Who lets requests through to a server. `request` is a number that is never used again."""

    def ask(self, request: int, model: str, waiter: Waiter, priority: int = 0) -> None:
        """Ask for an instance of the model, before those of lower priority. The waiter may be called back at once."""
        ...

    def end(self, request: int) -> None:
        """A granted request is over, however it ended; exactly once after every grant."""
        ...

    def dropped(self, request: int, model: str, waiter: Waiter) -> None:
        """The instance that a request was granted has not begun to answer it: it has gone, and perhaps nobody knows.

        Instead of `end`. The request is asked for anew, once that has been looked into.
        """
        ...

    def abandon(self, request: int) -> None:
        """The client left before the grant; neither a grant nor a refusal may follow."""
        ...


class Residency(Admission, Live, Protocol):
    """The daemon's residency, as the gateway sees it."""

    def look(self, model: str) -> Endpoint | None:
        """The model's instance, if it is ready; to look at it, not to use it."""
        ...

    def keep_alive(self, model: str, ttl_s: float | None) -> None:
        """Keep the model's instance for so long after its last request (None: for ever), until it is stopped."""
        ...
