"""Connections to engines: one request at a time on each, answered through a `Listener`, reused while they are good.

A response is told in as few calls as there were reads. Interim responses (1xx) are swallowed, trailers dropped. What
cannot be understood, or comes when nothing was asked, ends the connection.

A connection that was kept may be closed by the engine in the very moment it is used again, and an engine that is dying
may still accept connections. `Loss.is_stale` and `Loss.is_early` tell these cases from all others. Whether to try again
is the listener's decision.

A response that comes in one read, alone, and under a head that was read before passes the parser by (`memo`).
"""

from __future__ import annotations

import asyncio
import enum
import math
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Protocol, cast

import httptools
import msgspec

from remuda.edge.http.limits import Limits
from remuda.edge.http.memo import Memo
from remuda.edge.http.outbox import Outbox
from remuda.edge.http.seam import Endpoint
from remuda.edge.unix_socket import short_path
from remuda.gateway.reply import ResponseHead, read_response

_JOIN_BYTES = 64 * 1024
_CLOSED = "the engine closed the connection"
# What a head says depends on nothing but its bytes, so all connections share what they know.
_HEADS: Memo[ResponseHead] = Memo()


class LossKind(enum.StrEnum):
    """Why there is no (whole) response."""

    UNREACHABLE = "engine_unreachable"
    LOST = "engine_lost"
    GARBLED = "engine_garbled"


class Outgoing(msgspec.Struct, frozen=True):
    """A request as it is sent. `is_head`: its method is HEAD, so no body will follow the response's head."""

    head: bytes
    body: bytes | bytearray
    is_head: bool = False


@dataclass(frozen=True, slots=True)
class Loss:
    """There will be no (more) response.

    `is_stale`: the connection had been kept, and was probably closed before it was used. `is_early`: one was made for
    this request and lost at once, or refused, so the engine has probably not begun to answer.
    """

    kind: LossKind
    reason: str
    is_stale: bool = False
    is_early: bool = False


Relay = Callable[[bytes], bool]


class Listener(Protocol):
    """Who waits for a response: `whole`, or `response` and `more` any number of times, until `ended`; or `lost`."""

    def whole(self, head: ResponseHead, body: bytes) -> None:
        """A response in one piece, under a head that may have been another's: `length` is that of another body."""
        ...

    def response(self, head: ResponseHead, body: bytes, *, ended: bool) -> None:
        """The head, with as much of the body as came with it."""
        ...

    def more(self, body: bytes, *, ended: bool) -> None:
        """More of the body; empty only at its end."""
        ...

    def lost(self, loss: Loss) -> None:
        """The connection is gone, or of no use any more."""
        ...


class UpstreamConnection(asyncio.Protocol):
    """One connection. `released` is called with it when it is free for the next request.

    `kept_until`: how long it may be used again, by `time.monotonic`; that is over when it is closed.
    """

    __slots__ = (
        *("_body", "_connecting", "_early_until", "_fields", "_has_ended", "_head", "_head_seen_bytes", "_is_between"),
        *("_is_between_chunks", "_is_garbled", "_is_head_told", "_is_in_chunk", "_is_interim", "_is_kept"),
        *("_is_reusable", "_is_used", "_limits", "_listener", "_loop", "_outbox", "_outgoing", "_parser", "_relay"),
        *("_released", "_transport", "_turn", "_write", "endpoint", "kept_until"),
    )

    # What the parser finds in one exchange, set anew by `_begin` once it `_is_used`.
    _is_used: bool
    _head: ResponseHead | None
    _fields: list[tuple[bytes, bytes]]
    _body: list[bytes]
    _head_seen_bytes: int
    _is_head_told: bool
    _is_interim: bool
    _is_garbled: bool
    _has_ended: bool
    _is_reusable: bool
    _is_in_chunk: bool
    _is_between_chunks: bool

    # Known once there is a transport.
    _write: Callable[[bytes | bytearray], object]

    def __init__(
        self, endpoint: Endpoint, limits: Limits, outbox: Outbox, released: Callable[[UpstreamConnection], None]
    ) -> None:
        self.endpoint = endpoint
        self.kept_until = -math.inf
        self._limits = limits
        self._outbox = outbox
        self._turn = -1
        self._released = released
        self._loop = asyncio.get_running_loop()
        self._outgoing: Outgoing | None = None
        self._listener: Listener | None = None
        self._relay: Relay | None = None
        self._transport: asyncio.Transport | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._is_between = True
        self._early_until = 0.0
        self._is_kept = False
        self._begin()

    def connect(self, outgoing: Outgoing, listener: Listener, context: ssl.SSLContext | None) -> None:
        """Connect, then send the request."""
        self._outgoing = outgoing
        self._listener = listener
        self._connecting = self._loop.create_task(self._connect(context))

    def send(self, outgoing: Outgoing, listener: Listener, now: float) -> None:
        """Send the next request on a connection that is free; `now` is `time.monotonic`'s."""
        if self._is_used:
            self._begin()
        self._outgoing = outgoing
        self._listener = listener
        self._is_kept = True
        self._ask(outgoing, now)

    def abort(self) -> None:
        """Close at once, so that the engine stops generating; the listener hears nothing more."""
        self._listener = self._outgoing = self._relay = None
        self.kept_until = -math.inf
        if self._connecting is not None:
            self._connecting.cancel()
        if self._transport is not None:
            if self._turn == self._outbox.turn:
                self._outbox.drop(self._write)
            self._transport.abort()

    def relay_chunks(self, to: Relay | None) -> None:
        """Give a read that follows a whole chunk to this first, and to the listener only if this does not take it.

        For this response only: once it has ended, the connection may be another's.
        """
        if self._listener is not None:
            self._relay = to

    def pause(self) -> None:
        """Read nothing until `resume`."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def resume(self) -> None:
        """Read on."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    # What the transport calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send what waited for the connection."""
        self._transport = transport = cast("asyncio.Transport", transport)
        self._write = transport.write
        if self._outgoing is None:
            transport.abort()
            return
        self._ask(self._outgoing, monotonic())

    def data_received(self, data: bytes) -> None:
        """Parse, and tell the listener in one call what came."""
        relay = self._relay
        if relay is not None and self._is_between_chunks and relay(data):
            return
        if self._listener is None:
            self.abort()
            return
        if not (self._is_between and self._recall(data, self._listener)):
            self._early_until = 0.0
            self._parse(data)

    def eof_received(self) -> None:
        """The engine sends no more; where nothing else ends a body, this does."""
        head = self._head
        if self._listener is not None and head is not None and head.length is None and not head.is_chunked:
            self._has_ended = True
            self._tell(head)
        else:
            self._over(_CLOSED)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._over(f"the connection to the engine broke: {exc}" if exc else _CLOSED)

    # What the parser calls.

    def on_message_begin(self) -> None:
        """A response, or an interim one before it; after it, something nobody asked for."""
        if self._has_ended:
            self._is_reusable = False
        else:
            self._fields = []

    def on_header(self, name: bytes, value: bytes) -> None:
        """A field of the head, or a trailer, which nobody will read."""
        self._fields.append((name, value))

    def on_headers_complete(self) -> None:
        """The head is complete."""
        if self._has_ended:
            return
        status = self._parser.get_status_code()
        self._is_interim = status in range(100, 200)
        if self._is_interim:
            return
        self._head = read_response(status, self._fields)
        self._is_garbled = self._head is None
        self._is_reusable = self._parser.should_keep_alive()
        if self._outgoing is not None and self._outgoing.is_head:
            # llhttp cannot be told that no body follows; so this parser is not asked to read on.
            self._has_ended = True
            self._parser = httptools.HttpResponseParser(self)

    def on_body(self, data: bytes) -> None:
        """A piece of the body."""
        if not self._has_ended:
            self._body.append(data)

    def on_chunk_header(self) -> None:
        """A chunk begins."""
        self._is_in_chunk = True

    def on_chunk_complete(self) -> None:
        """A chunk has ended."""
        self._is_in_chunk = False

    def on_message_complete(self) -> None:
        """The response is complete."""
        if self._is_interim:
            self._is_interim = False
        else:
            self._has_ended = True

    def _begin(self) -> None:
        self._is_used = False
        self._head = None
        self._fields = []
        self._body = []
        self._head_seen_bytes = 0
        self._is_head_told = False
        self._is_interim = False
        self._is_garbled = False
        self._has_ended = False
        self._is_reusable = False
        self._is_in_chunk = False
        self._is_between_chunks = False

    async def _connect(self, context: ssl.SSLContext | None) -> None:
        at = self.endpoint
        try:
            async with asyncio.timeout(self._limits.connect_s):
                if at.unix:
                    with short_path(Path(at.unix)) as path:
                        await self._loop.create_unix_connection(lambda: self, path)
                else:
                    await self._loop.create_connection(lambda: self, at.host, at.port, ssl=context)
        except OSError as error:
            reason = str(error) or f"no connection within {self._limits.connect_s:g} s"
            self._connecting = None
            why = f"cannot connect to the engine: {reason}"
            self._fail(Loss(LossKind.UNREACHABLE, why, is_early=not isinstance(error, TimeoutError)))

    def _ask(self, outgoing: Outgoing, now: float) -> None:
        self._early_until = now + self._limits.early_s
        if len(outgoing.body) <= _JOIN_BYTES:
            self._turn = self._outbox.turn
            self._outbox.add(self._write, b"".join((outgoing.head, outgoing.body)))
        else:
            self._write(outgoing.head)
            self._write(outgoing.body)

    def _parse(self, data: bytes) -> None:
        was_between, self._is_between = self._is_between, False
        self._is_used = True
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserCallbackError:
            raise
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            if not self._has_ended:
                if self._head is not None and self._body:
                    self._tell(self._head)
                self._fail(Loss(LossKind.GARBLED, f"the engine's response cannot be understood: {error}"))
                return
            self._is_reusable = False
        if self._head is None:
            self._bound_head(len(data))
            return
        if self._has_ended:
            self._is_between = True
            if was_between:
                self._remember(data, self._head)
        else:
            # llhttp tells of a chunk when it has read the line of its size; less of it does not end as a line does.
            self._is_between_chunks = self._head.is_chunked and not self._is_in_chunk and data.endswith(b"\r\n")
        self._tell(self._head)

    def _recall(self, data: bytes, listener: Listener) -> bool:
        """Tell a response whose head is known, if it is complete and nothing follows it."""
        recalled = _HEADS.recall(data)
        if recalled is None or self._outgoing is None or self._outgoing.is_head:
            return False
        head, body_at = recalled
        self._release(is_reusable=True)
        listener.whole(head, data[body_at:])
        return True

    def _remember(self, data: bytes, head: ResponseHead) -> None:
        """Keep a head that may come again, over another body."""
        if self._is_reusable and not head.is_chunked:
            _HEADS.keep(data, b"".join(self._body), head)

    def _tell(self, head: ResponseHead) -> None:
        pieces, self._body = self._body, []
        body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        listener, ended = self._listener, self._has_ended
        assert listener is not None  # noqa: S101  both callers have looked
        if ended:
            # Before the last bytes are told, so that the client's next request finds the connection.
            self._release(is_reusable=self._is_reusable)
        if not self._is_head_told:
            self._is_head_told = True
            self._outgoing = None
            listener.response(head, body, ended=ended)
        elif body or ended:
            listener.more(body, ended=ended)

    def _bound_head(self, read_bytes: int) -> None:
        self._head_seen_bytes += read_bytes
        if self._is_garbled or self._head_seen_bytes > self._limits.response_head_bytes:
            self._fail(Loss(LossKind.GARBLED, "the engine's response has a head that cannot be relayed"))

    def _over(self, why: str) -> None:
        is_early, is_kept = monotonic() < self._early_until, self._is_kept
        self._fail(Loss(LossKind.LOST, why, is_stale=is_early and is_kept, is_early=is_early and not is_kept))

    def _release(self, *, is_reusable: bool) -> None:
        transport = self._transport
        assert transport is not None  # noqa: S101  data came from it
        self._listener = self._outgoing = self._relay = None
        # What has been answered before it was sent whole leaves bytes behind that would precede the next request.
        if is_reusable and self._turn != self._outbox.turn and not transport.get_write_buffer_size():
            self._released(self)
        else:
            transport.abort()

    def _fail(self, loss: Loss) -> None:
        listener = self._listener
        self.abort()
        if listener is not None:
            listener.lost(loss)
