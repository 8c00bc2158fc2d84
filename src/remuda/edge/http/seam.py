"""What the gateway's sockets and the daemon know of each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from remuda.residency.commands import Refuse
from remuda.spec.listen import authority


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an instance listens.

    `served_name`: the `model` that it expects in a request, None when it accepts any. `generation` differs between two
    instances that listen on the same port one after the other, so that no connection to the first is used for the
    second.
    """

    host: str
    port: int
    tls: bool = False
    base_path: str = ""
    served_name: str | None = None
    generation: int = 0

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


class Admission(Protocol):
    """Residency, as the gateway sees it. `request` is a number that is never used again."""

    def ask(self, request: int, model: str, waiter: Waiter) -> None:
        """Ask for an instance of the model. The waiter may be called back before this returns."""
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
