"""One request on its way to an engine, and the response on its way back.

waiting → sent → answering → over. Whatever happens, admission hears exactly one `end` after a grant, or one `abandon`
before it. An engine that accepts no connection, or drops one at once, has just gone: the request waits once more, for
its successor. What any other loss means depends on how far the response has come: before its head it is a 502 with the
reason; in a stream of events it is an event that says so, and the stream's orderly end; anywhere else the client's
connection is broken off, because a body that ends early must not look whole.
"""

from __future__ import annotations

import enum
from http import HTTPStatus
from typing import Protocol

from remuda.edge.http.frontend import Frontend
from remuda.edge.http.seam import Endpoint
from remuda.edge.http.upstream import Loss, LossKind, Outgoing, UpstreamConnection
from remuda.gateway.decide import Forward
from remuda.gateway.envelope import Answer, error, error_event, refused
from remuda.gateway.head import Hop
from remuda.gateway.reply import LAST_CHUNK, Framing, ResponseHead, chunk, framing, response_bytes
from remuda.residency.commands import Refuse

_EVENT_ENDS = (b"\n\n", b"\r\r", b"\r\n\r\n")


class Downstream(Protocol):
    """The client's side of an exchange."""

    @property
    def address(self) -> bytes:
        """The client's IP address."""
        ...

    @property
    def keeps_alive(self) -> bool:
        """Whether the connection is to be used after this exchange."""
        ...

    def write(self, data: bytes) -> None:
        """Send bytes of the response."""
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


class _State(enum.Enum):
    WAITING = enum.auto()
    SENT = enum.auto()
    ANSWERING = enum.auto()
    OVER = enum.auto()


class Exchange:
    """A `Waiter` of admission and a `Listener` of a connection to an engine."""

    __slots__ = (
        "_downstream",
        "_endpoint",
        "_forward",
        "_framing",
        "_frontend",
        "_keep_alive",
        "_model",
        "_number",
        "_outgoing",
        "_request",
        "_response",
        "_returned",
        "_stale",
        "_state",
        "_tail",
        "_upstream",
    )

    def __init__(self, forward: Forward, downstream: Downstream, frontend: Frontend) -> None:
        self._forward: Forward | None = forward
        self._model = forward.model
        self._request = forward.head
        self._downstream = downstream
        self._frontend = frontend
        self._number = next(frontend.requests)
        self._state = _State.WAITING
        self._upstream: UpstreamConnection | None = None
        self._stale: Loss | None = None
        self._returned = False
        self._tail = b""

    def begin(self) -> None:
        """Ask for an instance."""
        self._frontend.admission.ask(self._number, self._model, self)

    def leave(self) -> None:
        """The client has left: free its place at once, and let the engine know."""
        was, self._state = self._state, _State.OVER
        if was is _State.WAITING:
            self._frontend.admission.abandon(self._number)
        elif was is not _State.OVER:
            if self._upstream is not None:
                self._upstream.abort()
            self._frontend.admission.end(self._number)

    def pause(self) -> None:
        """The client does not keep up."""
        if self._upstream is not None:
            self._upstream.pause()

    def resume(self) -> None:
        """The client has caught up."""
        if self._upstream is not None:
            self._upstream.resume()

    # What admission calls.

    def granted(self, endpoint: Endpoint) -> None:
        """Send the request."""
        assert self._forward is not None  # noqa: S101  kept until the response begins
        self._state = _State.SENT
        payload = self._forward.payload(endpoint.served_name)
        hop = Hop(self._downstream.address, endpoint.authority.encode(), endpoint.base_path.encode())
        head = self._forward.head_bytes(hop, len(payload))
        self._outgoing: Outgoing | None = Outgoing(head, payload, self._request.method == b"HEAD")
        self._endpoint = endpoint
        self._upstream = self._frontend.pool.send(endpoint, self._outgoing, self)

    def refused(self, refusal: Refuse) -> None:
        """Say why there will be no response."""
        self._state = _State.OVER
        self._downstream.answer(refused(refusal))

    # What the connection to the engine calls.

    def response(self, head: ResponseHead, body: bytes, *, ended: bool) -> None:
        """Begin the client's response."""
        self._state = _State.ANSWERING
        self._outgoing = self._forward = None  # a large body is not kept for as long as its answer takes
        self._response = head
        self._framing = how = framing(self._request, head)
        self._keep_alive = self._downstream.keeps_alive and how is not Framing.CLOSE
        begun = response_bytes(self._request, head, how, keep_alive=self._keep_alive)
        self._write(begun, body, ended=ended)

    def more(self, body: bytes, *, ended: bool) -> None:
        """Go on with the client's response."""
        self._write(b"", body, ended=ended)

    def lost(self, loss: Loss) -> None:
        """Try again if the connection was stale, else tell the client."""
        self._upstream = None
        if loss.is_stale and self._outgoing is not None:
            self._stale = loss
            self._upstream = self._frontend.pool.connect(self._endpoint, self._outgoing, self)
        elif self._state is _State.SENT and loss.is_early and not self._returned:
            self._returned = True
            self._state = _State.WAITING
            self._outgoing = None
            self._frontend.admission.dropped(self._number, self._model, self)
        elif self._state is _State.SENT:
            # That it cannot be reached now is a consequence of its having gone away before.
            loss = self._stale if self._stale and loss.kind is LossKind.UNREACHABLE else loss
            answer = error(HTTPStatus.BAD_GATEWAY, self._sentence(loss), loss.kind.value)
            self._end()
            self._downstream.answer(answer)
        elif self._can_tell():
            event = error_event(self._sentence(loss), loss.kind.value)
            self._write(b"", event, ended=True)
        else:
            self._end()
            self._downstream.abort()

    # ---

    def _write(self, begun: bytes, body: bytes, *, ended: bool) -> None:
        if self._response.is_event_stream and body:
            self._note_tail(body)
        if self._framing is Framing.CHUNKED:
            if body:
                body = chunk(body)
            if ended:
                body += LAST_CHUNK
        if ended:
            # The connection may already be another's: whatever the client does now must not hold it up.
            self._upstream = None
        self._downstream.write(begun + body if begun else body)
        if ended:
            self._end()
            self._downstream.finished(keep_alive=self._keep_alive)

    def _end(self) -> None:
        self._state = _State.OVER
        self._upstream = None
        self._frontend.admission.end(self._number)

    def _note_tail(self, body: bytes) -> None:
        self._tail = body if len(body) > len(_EVENT_ENDS[-1]) else self._tail[-len(_EVENT_ENDS[-1]) :] + body

    def _can_tell(self) -> bool:
        """Whether the client reads events, and has just read a whole one."""
        is_open = self._response.is_event_stream and self._framing in (Framing.CHUNKED, Framing.CLOSE)
        return is_open and (not self._tail or self._tail.endswith(_EVENT_ENDS))

    def _sentence(self, loss: Loss) -> str:
        what = "did not answer" if self._state is _State.SENT else "stopped answering"
        return f"`{self._model}` {what}: {loss.reason}"
