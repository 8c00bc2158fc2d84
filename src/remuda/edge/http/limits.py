"""Bounds of the gateway's sockets. The bound of a body is `remuda.gateway.decide.Gateway.body_max_bytes`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """All bounds, with the defaults that `remuda up` uses.

    `connections_per_address`: how many clients of one address may be connected. `queue`: how many requests may wait for
    one model. `comment_s`: how often a client that waits for a stream hears that it is alive.

    `head_s`: from the first byte of a head to its last. `body_pause_s`: the longest pause inside a body.
    `keep_alive_s`: between two requests. `linger_s`: how long what a client still sends is read and dropped, so that it
    can read our answer. `pipelined`: requests that may wait for the one before. `discard_bytes`: a body that nobody
    wants is read to its end if it is no longer than this; else the connection is closed.

    `connect_s`: until an engine accepts. `first_byte_s`: until it begins to answer; None: as long as it takes.
    `idle_s`: how long a connection to an engine is kept; engines close theirs after 5 s (uvicorn's default), and what
    is sent into that moment is lost. `early_s`: an engine that closes a connection so soon after a request was sent on
    it, without a byte, has not begun to answer; only then is the request sent once more. `idle_connections`: how many
    are kept for each instance.
    """

    connections_per_address: int = 4096
    queue: int = 1000
    comment_s: float = 10.0

    head_bytes: int = 64 * 1024
    head_fields: int = 100
    head_s: float = 30.0
    body_pause_s: float = 60.0
    keep_alive_s: float = 75.0
    linger_s: float = 5.0
    pipelined: int = 16
    discard_bytes: int = 64 * 1024

    connect_s: float = 10.0
    first_byte_s: float | None = None
    response_head_bytes: int = 256 * 1024
    idle_s: float = 3.0
    early_s: float = 2.0
    idle_connections: int = 128

    @property
    def sweep_s(self) -> float:
        """How often the times above are looked at; they are exact to this."""
        clients = min(4.0, self.head_s, self.body_pause_s, self.keep_alive_s, self.linger_s, self.comment_s)
        return min(clients, self.idle_s, self.first_byte_s or self.idle_s) / 4
