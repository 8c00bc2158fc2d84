"""Response heads: an engine's, understood and built anew for the client, and those of our own answers.

How a body is delimited on its way to the client does not depend on how it came. A length that the engine gave is kept
(the parser lets exactly so many bytes through); otherwise the body goes out in chunks of our own, one for each read, or
to an HTTP 1.0 client until the connection closes. Trailers and chunk extensions end here.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType

import msgspec

from remuda.gateway.envelope import Answer
from remuda.gateway.head import HOP_BY_HOP, Fields, RequestHead, content_length, tokens

LAST_CHUNK = b"0\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

_STATUS_LINES: Mapping[int, bytes] = MappingProxyType(
    {status.value: f"HTTP/1.1 {status.value} {status.phrase}".encode() for status in HTTPStatus}
)
_CONSUMED = HOP_BY_HOP | {b"content-length"}
_NOTED = frozenset((b"content-encoding", b"content-type"))
_EVENTS = b"text/event-stream"
_BODILESS = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
_FINAL = range(200, 1000)


class Framing(enum.Enum):
    """How the client sees where a body ends."""

    NONE = enum.auto()
    LENGTH = enum.auto()
    CHUNKED = enum.auto()
    CLOSE = enum.auto()


_NONE, _LENGTH, _CHUNKED, _CLOSE = Framing
_NO_CONTENT = HTTPStatus.NO_CONTENT


class ResponseHead(msgspec.Struct, frozen=True):
    """An engine's response head. The body has a `length`, or is chunked, or lasts until the connection closes.

    `begun`: how it begins when it is sent on; made by `of`.
    """

    status: int
    fields: Fields
    length: int | None
    is_chunked: bool
    is_event_stream: bool
    begun: bytes

    @classmethod
    def of(cls, status: int, fields: Fields, length: int | None, *, is_event_stream: bool = False) -> ResponseHead:
        """A head with these fields, chunked unless it has a length."""
        return cls(status, fields, length, length is None, is_event_stream, _begun(status, fields))

    def with_length(self, length: int) -> ResponseHead:
        """The same head over another body."""
        return ResponseHead(self.status, self.fields, length, self.is_chunked, self.is_event_stream, self.begun)


def read_response(status: int, fields: Fields) -> ResponseHead | None:
    """Understand a final response head; None when it cannot be relayed faithfully."""
    passing: list[tuple[bytes, bytes]] = []
    noted: dict[bytes, bytes] = {}
    for name, value in fields:
        folded = name.lower()
        if folded not in _CONSUMED:
            passing.append((folded, value))
            if folded not in _NOTED:
                continue
        noted[folded] = b", ".join((noted[folded], value)) if folded in noted else value
    is_chunked = b"transfer-encoding" in noted
    if status not in _FINAL or (is_chunked and noted[b"transfer-encoding"].strip().lower() != b"chunked"):
        return None
    length = content_length(noted[b"content-length"]) if b"content-length" in noted else None
    if length is None and b"content-length" in noted:
        return None
    if b"connection" in noted:
        named = tokens(noted[b"connection"])
        passing = [field for field in passing if field[0] not in named]
    is_event_stream = b"content-encoding" not in noted and noted.get(b"content-type", b"").lower().startswith(_EVENTS)
    return ResponseHead(status, passing, length, is_chunked, is_event_stream, _begun(status, passing))


def framing(request: RequestHead, response: ResponseHead) -> Framing:
    """How to delimit the body of this response to this request."""
    if request.method == b"HEAD" or response.status in _BODILESS:
        return _NONE
    if response.length is not None:
        return _LENGTH
    return _CHUNKED if request.version == "1.1" else _CLOSE


def response_bytes(request: RequestHead, response: ResponseHead, how: Framing, *, keep_alive: bool) -> bytes:
    """The response head for the client."""
    if how is _CHUNKED:
        framed = b"\r\ntransfer-encoding: chunked"
    elif response.length is not None and response.status != _NO_CONTENT:
        framed = b"\r\ncontent-length: %d" % response.length
    else:
        framed = b""
    if response.is_event_stream:
        # Asks a proxy in front of us not to hold events back; nginx does by default.
        framed += b"\r\nx-accel-buffering: no"
    return b"".join((response.begun, framed, _connection(request, keep_alive=keep_alive)))


def whole_bytes(request: RequestHead, response: ResponseHead, length: int, body: bytes, *, keep_alive: bool) -> bytes:
    """A response that has this length, whatever its head says, with its body, for the client."""
    if not keep_alive or request.version != "1.1" or response.is_event_stream or response.status == _NO_CONTENT:
        response = response.with_length(length)
        return response_bytes(request, response, framing(request, response), keep_alive=keep_alive) + body
    return b"%b\r\ncontent-length: %d\r\n\r\n%b" % (response.begun, length, body)


def switching_bytes(fields: Fields) -> bytes:
    """The head that tells the client that the engine has switched to a WebSocket."""
    parts = [_status_line(HTTPStatus.SWITCHING_PROTOCOLS), b"\r\nconnection: Upgrade\r\nupgrade: websocket"]
    for name, value in fields:
        if (folded := name.lower()) not in _CONSUMED:
            parts += (b"\r\n", folded, b": ", value)
    parts.append(b"\r\n\r\n")
    return b"".join(parts)


def answer_bytes(request: RequestHead | None, answer: Answer, *, keep_alive: bool) -> bytes:
    """One of our own answers, whole; `request` is None when its head could not be understood."""
    parts = [_status_line(answer.status), b"\r\ncontent-type: application/json"]
    for name, value in answer.headers:
        parts += (b"\r\n", name, b": ", value)
    parts.append(b"\r\ncontent-length: %d" % len(answer.body))
    parts.append(_connection(request, keep_alive=keep_alive))
    if request is None or request.method != b"HEAD":
        parts.append(answer.body)
    return b"".join(parts)


def chunk(data: bytes) -> bytes:
    """Data, which must not be empty, as one chunk."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def _begun(status: int, fields: Fields) -> bytes:
    parts = [_status_line(status)]
    for name, value in fields:
        parts += (b"\r\n", name, b": ", value)
    return b"".join(parts)


def _status_line(status: int) -> bytes:
    return _STATUS_LINES.get(status) or b"HTTP/1.1 %d " % status


def _connection(request: RequestHead | None, *, keep_alive: bool) -> bytes:
    if not keep_alive:
        return b"\r\nconnection: close\r\n\r\n"
    if request is not None and request.version == "1.0":
        return b"\r\nconnection: keep-alive\r\n\r\n"
    return b"\r\n\r\n"
