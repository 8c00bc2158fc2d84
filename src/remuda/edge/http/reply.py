"""The client's response of one exchange: how it begins, goes on and ends, whatever the engine does.

Mostly the engine's bytes pass as they come, each read with one write. A response in another protocol than the client's
goes through a translator first: a stream as it passes, anything else when it is whole. If the client has already been
told that a stream begins (`comment`), then what is no stream, such as an error, becomes an event of it.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Protocol

from remuda.edge.http.account import Account
from remuda.edge.http.chunks import ChunkRelay
from remuda.gateway.envelope import Answer, tell
from remuda.gateway.forward import Forward, WayBack
from remuda.gateway.head import Fields
from remuda.gateway.reply import LAST_CHUNK, Framing, ResponseHead, chunk, framing, response_bytes
from remuda.gateway.shapes import Fault, Shape, fault_event
from remuda.gateway.translation import EventTranslation

_COMMENT = b": the model is being loaded\n\n"
_EVENT_ENDS = (b"\n\n", b"\r\r", b"\r\n\r\n")
_EVENTS = b"text/event-stream"
_WHOLE_MAX_BYTES = 256 * 1024 * 1024
_OK = HTTPStatus.OK
_CHUNKED, _CLOSE = Framing.CHUNKED, Framing.CLOSE


class Downstream(Protocol):
    """The client's side of an exchange."""

    @property
    def address(self) -> str:
        """The client's IP address."""
        ...

    @property
    def keeps_alive(self) -> bool:
        """Whether the connection is to be used after this exchange."""
        ...

    def write(self, data: bytes) -> None:
        """Send bytes of the response."""
        ...

    def relay(self) -> ChunkRelay:
        """Give chunks a way past `write`."""
        ...

    def answer(self, answer: Answer) -> None:
        """Send a whole answer instead of a response; the exchange is over."""
        ...

    def finished(self, *, keep_alive: bool) -> None:
        """The response has been written; the exchange is over."""
        ...

    def abort(self) -> None:
        """Break the connection off; the exchange is over."""
        ...


class Reply:
    """One response. `begin`, then `more` until it has ended, then `finish`; or `fail`, which ends it at any time.

    `is_plain`: whether its body passes as it comes, in chunks.
    """

    # What most responses never change.
    is_begun = False
    is_plain = False
    status = 0
    _back: WayBack | None = None
    _filter: EventTranslation | None = None
    _collected: bytearray | None = None
    _unsent = b""
    _head: ResponseHead
    _whole_head: ResponseHead
    _framing: Framing
    _keep_alive: bool

    def __init__(self, forward: Forward, downstream: Downstream, account: Account) -> None:
        self._forward = forward
        self._downstream = downstream
        self._account = account

    def comment(self) -> None:
        """Tell a client that reads a stream of events that its request is alive."""
        if not self.is_begun:
            fields = ((b"content-type", _EVENTS), (b"cache-control", b"no-cache"))
            self._open(ResponseHead.of(_OK, fields, None, is_event_stream=True))
        self._send(_COMMENT, ended=False)

    def begin(self, head: ResponseHead, back: WayBack | None) -> None:
        """Take the engine's head."""
        self._account.stream = head.is_event_stream
        if back is None and not self.is_begun:
            self._open(head)
            self.is_plain = self._framing is _CHUNKED
        elif not (head.is_event_stream and head.status == _OK and self._forward.wanted.streams):
            self._back = back
            self._collected = bytearray()
            self._whole_head = head
        elif back is not None:
            self._filter = back.events()
            if not self.is_begun:
                self._open(_as_stream(head, self._filter.content_type))

    def relay(self) -> ChunkRelay:
        """Give chunks a way past `more`, in the midst of a body that passes as it comes."""
        self._account.relay = relay = self._downstream.relay()
        return relay

    def more(self, body: bytes, *, ended: bool) -> None:
        """Go on with the engine's body."""
        self._account.passed(body)
        if self._collected is not None:
            self._collect(self._collected, body, ended=ended)
            return
        if self._filter is not None:
            body = self._filter.feed(body) + (self._filter.end() if ended else b"")
        self._send(body, ended=ended)

    def finish(self) -> None:
        """Leave the connection to the next request."""
        self._downstream.finished(keep_alive=self._keep_alive)

    def fail(self, fault: Fault) -> None:
        """Say why there is no response, or no more of it, as well as that can still be said."""
        if not self.is_begun:
            self._downstream.answer(tell(fault))
        elif self._can_tell():
            self._send(self._last_words(fault), ended=True)
            self.finish()
        else:
            self._downstream.abort()

    def _open(self, head: ResponseHead) -> None:
        request = self._forward.head
        self.is_begun = True
        self.status = head.status
        self._head = head
        self._framing = framing(request, head)
        self._keep_alive = self._downstream.keeps_alive and self._framing is not _CLOSE
        self._unsent = response_bytes(request, head, self._framing, keep_alive=self._keep_alive)

    def _send(self, body: bytes, *, ended: bool) -> None:
        if self._framing is _CHUNKED:
            if body:
                body = chunk(body)
            if ended:
                body += LAST_CHUNK
        if self._unsent:
            body, self._unsent = self._unsent + body, b""
        if body:
            self._downstream.write(body)

    def _collect(self, collected: bytearray, body: bytes, *, ended: bool) -> None:
        collected += body[: _WHOLE_MAX_BYTES - len(collected)]
        if not ended:
            return
        head, body = self._whole_head, bytes(collected)
        status, whole = self._back.whole(head.status, body) if self._back is not None else (head.status, body)
        if self.is_begun:
            self._send(self._as_event(whole), ended=True)
            return
        self._open(_as_whole(head, status, None if whole is body else b"application/json", len(whole)))
        self._send(whole, ended=True)

    def _as_event(self, whole: bytes) -> bytes:
        """What an engine says instead of a stream that has been announced: an error, mostly."""
        name = b"event: error\n" if self._forward.api.shape is Shape.ANTHROPIC else b""
        return b"%bdata: %b\n\n" % (name, whole.replace(b"\n", b" "))

    def _can_tell(self) -> bool:
        """Whether the client reads events, and has just read a whole one."""
        is_open = self._head.is_event_stream and self._framing in (_CHUNKED, _CLOSE)
        if not is_open or self._filter is not None:
            return is_open  # a filter lets only whole events through
        last = self._account.last()
        return not last or last.endswith(_EVENT_ENDS)

    def _last_words(self, fault: Fault) -> bytes:
        if self._filter is not None and self._forward.api.native is not None:
            return self._filter.end()
        return fault_event(fault, self._forward.api.shape)


def _as_stream(head: ResponseHead, content_type: bytes) -> ResponseHead:
    return ResponseHead.of(head.status, _retyped(head.fields, content_type), None, is_event_stream=True)


def _as_whole(head: ResponseHead, status: int, content_type: bytes | None, length: int) -> ResponseHead:
    """The head of an answer in one piece; `content_type`: None keeps the engine's."""
    fields = head.fields if content_type is None else _retyped(head.fields, content_type)
    return ResponseHead.of(status, fields, length)


def _retyped(fields: Fields, content_type: bytes) -> Fields:
    return [*(field for field in fields if field[0] != b"content-type"), (b"content-type", content_type)]
