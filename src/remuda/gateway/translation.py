"""How a request in one protocol is put to an engine that speaks another.

A translator is a pure function of a request's body: it returns a `Translation`, or the `Fault` to answer. The gateway
sends `Translation.body` to `Translation.path` of the engine and gives what comes back to `whole` or to `events`. The
name of the model in the body is still the one that the client wrote; renaming is the gateway's business, as for every
request.
"""

from __future__ import annotations

from typing import Protocol

from remuda.gateway.shapes import Fault


class EventTranslation(Protocol):
    """Translates one stream as it passes. It must never hold back what can already be told."""

    @property
    def content_type(self) -> bytes:
        """The content type of the client's stream: `text/event-stream` or `application/x-ndjson`."""
        ...

    def feed(self, data: bytes) -> bytes:
        """What to send for these bytes of the engine's event stream, which may begin and end anywhere; may be empty."""
        ...

    def end(self) -> bytes:
        """What remains to be sent when the engine's stream has ended in order; may be empty."""
        ...


class Translation(Protocol):
    """A request that has been translated, and the way back."""

    @property
    def path(self) -> bytes:
        """Where the engine takes the request, such as `/v1/chat/completions`."""
        ...

    @property
    def body(self) -> bytes:
        """The request's body for the engine."""
        ...

    @property
    def is_stream(self) -> bool:
        """Whether the engine has been asked for a stream."""
        ...

    def whole(self, status: int, body: bytes) -> tuple[int, bytes]:
        """The status and JSON body for the client, from the engine's; errors of the engine included.

        A body that is not what the engine's protocol says becomes an error 502 in the client's shape.
        """
        ...

    def events(self) -> EventTranslation:
        """A translator of the engine's event stream, which has begun with status 200."""
        ...


Translated = Translation | Fault
