"""One client's connection: what its reader finds is answered in order, one request at a time.

Requests that arrive while one is being answered wait in a short queue. When the reader has stopped, what is queued is
still answered, and then the connection is closed. If the client may be sending even then, it is only half closed and
what comes is dropped for a while: to close a socket with unread bytes resets it, and the client would lose the answer.

A client that closes its sending side has left: its request is cancelled. To see that, reading is paused only when a
client pipelines without reading the answers, or sends much before its turn.
"""

from __future__ import annotations

import asyncio
import enum
import socket
import struct
from collections import deque
from http import HTTPStatus
from typing import cast

from remuda.edge.http.chunks import ChunkRelay
from remuda.edge.http.exchange import Exchange
from remuda.edge.http.frontend import Frontend
from remuda.edge.http.outbox import Write
from remuda.edge.http.reader import Inbound, RequestReader
from remuda.edge.http.tunnel import Tunnel
from remuda.gateway.api import shape_of
from remuda.gateway.decide import Admitted, decide, screen
from remuda.gateway.envelope import Answer, error
from remuda.gateway.forward import Forward
from remuda.gateway.head import RequestHead
from remuda.gateway.reply import CONTINUE, answer_bytes

_AT_ONCE_BYTES = 4 * 1024
_RESET = struct.pack("ii", 1, 0)
_TOO_MANY = "too many connections from this address"


class _Phase(enum.Enum):
    """What the connection waits for while nothing is being answered."""

    IDLE = enum.auto()
    HEAD = enum.auto()
    BODY = enum.auto()
    CLOSE = enum.auto()


_IDLE, _HEAD, _BODY, _CLOSE = _Phase


class ClientConnection(asyncio.Protocol):
    """A connection of the server, the `Sink` of a reader, and the `Downstream` of exchanges."""

    def __init__(self, frontend: Frontend) -> None:
        self.address = "unknown"
        self.is_writable = True
        self._frontend = frontend
        self._limits = frontend.limits
        self._transport: asyncio.Transport
        self._write: Write
        self._outbox = frontend.pool.outbox
        self._reader = RequestReader(self, frontend.limits, frontend.memo)
        self._queue: deque[Inbound] = deque()
        self._answering: RequestHead | None = None
        self._exchange: Exchange | Tunnel | None = None
        self._tunnel: Tunnel | None = None
        self._is_counted = False
        self._is_busy = False
        self._is_pumping = False
        self._is_lingering = False
        self._is_reading = True
        self._phase: _Phase | None = None
        # Not known until the next sweep: to look at the clock after every request costs more than to be exact is worth.
        self._deadline: float | None = None

    # What the transport calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the first request."""
        self._transport = transport = cast("asyncio.Transport", transport)
        self._write = transport.write
        peer = transport.get_extra_info("peername")
        if isinstance(peer, tuple):
            self.address = str(peer[0])
        self._is_counted = self._frontend.enter(self, self.address)
        self._arm()
        if not self._is_counted:
            self._reader.fail(error(HTTPStatus.TOO_MANY_REQUESTS, _TOO_MANY, "too_many_connections"))

    def data_received(self, data: bytes) -> None:
        """Read requests."""
        if self._tunnel is not None:
            self._tunnel.from_client(data)
            return
        if self._reader.is_stopped:
            return
        self._reader.feed(data)
        if not self._is_busy:
            self._arm()

    def eof_received(self) -> None:
        """The client has left."""
        self._gone()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has left, or we have."""
        del exc
        self._outbox.drop(self._write)
        self._gone()
        self._frontend.leave(self, self.address if self._is_counted else None)

    def pause_writing(self) -> None:
        """The client does not keep up."""
        self.is_writable = False
        if self._exchange is not None:
            self._exchange.pause()

    def resume_writing(self) -> None:
        """The client has caught up."""
        self.is_writable = True
        if self._exchange is not None:
            self._exchange.resume()
        else:
            self._next()

    # What the server calls.

    def drain(self) -> None:
        """Close as soon as nothing is being answered."""
        if self._phase is _IDLE and not self._is_busy:
            self._close()

    def sweep(self, now: float) -> None:
        """Look at the bounds of time."""
        if self._exchange is not None:
            self._exchange.sweep(now)
        if self._deadline is None:
            self._deadline = now + self._limits.keep_alive_s
        if self._is_busy or now < self._deadline:
            return
        if self._phase is _CLOSE or not self.is_writable:
            self._transport.abort()
        elif self._phase is _IDLE:
            self._close()
        else:
            part = "head" if self._phase is _HEAD else "body"
            self._reader.fail(error(HTTPStatus.REQUEST_TIMEOUT, f"the request's {part} took too long", "timeout"))

    def abort(self) -> None:
        """Close at once, with a reset: even where only the close would end a body, this is not taken for its end."""
        self._gone()
        self._outbox.send()
        if (sock := self._transport.get_extra_info("socket")) is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._transport.abort()

    # What the reader calls.

    @property
    def body_max_bytes(self) -> int:
        """The bound of a body."""
        return self._frontend.gateway.body_max_bytes

    def judge(self, head: RequestHead) -> Answer | Admitted:
        """Say what a head alone settles."""
        return screen(head, self._frontend.gateway)

    def begun(self) -> None:
        """Let the client send its body, unless an earlier response would be interrupted by that."""
        inbound = self._reader.inbound
        if inbound is not None and not inbound.is_invited and not self._is_busy and not self._queue:
            inbound.is_invited = True
            self.write(CONTINUE)

    def swelled(self) -> None:
        """Read no more of a large body before its turn."""
        if self._is_busy:
            self._read(on=False)

    def recalled(self, admitted: Admitted, body: bytes) -> None:
        """Answer a request at once if nobody is before it: what most requests come to."""
        if self._is_busy or self._is_pumping or self._queue or not self.is_writable:
            self.arrived(Inbound(admitted.head, admitted, body))
            return
        self._is_busy = self._is_pumping = True
        self._answering = admitted.head
        outcome = decide(admitted, body, self._frontend.gateway)
        if isinstance(outcome, Answer):
            self._settle(Inbound(admitted.head, admitted, body), outcome)
        else:
            self._exchange = exchange = Exchange(outcome, body, self, self._frontend)
            exchange.begin()
        self._is_pumping = False
        if not self._is_busy:
            self._next()

    def arrived(self, inbound: Inbound) -> None:
        """Answer a request when its turn comes."""
        self._queue.append(inbound)
        if inbound.is_cut or inbound.early is not None:
            self._is_lingering = True
        if len(self._queue) > self._limits.pipelined:
            self._is_lingering = True
            self._reader.stop()
        self._next()

    # What an exchange calls.

    @property
    def keeps_alive(self) -> bool:
        """Whether the connection is to be used after the request that is being answered."""
        answering = self._answering
        return answering is not None and answering.keep_alive and not self._frontend.is_draining

    def write(self, data: bytes) -> None:
        """Send bytes of a response: few with all others of this turn of the loop, many at once."""
        self._outbox.add(self._write, data)
        if len(data) > _AT_ONCE_BYTES:
            self._outbox.send()

    def relay(self) -> ChunkRelay:
        """Give chunks a way past `write`."""
        return ChunkRelay(self._outbox, self._write)

    def hold(self, *, on: bool) -> None:
        """Read nothing from the client while on."""
        self._read(on=not on)

    def answer(self, answer: Answer) -> None:
        """Answer the request whose turn it is."""
        keep_alive = self.keeps_alive and not (self._is_lingering and not self._queue)
        if answer.fault is not None and self._answering is not None:
            answer = answer.in_shape(shape_of(self._answering.target.path))
        self.write(answer_bytes(self._answering, answer, keep_alive=keep_alive))
        self.finished(keep_alive=keep_alive)

    def finished(self, *, keep_alive: bool) -> None:
        """Go on to the next request, or close."""
        self._exchange = None
        self._is_busy = False
        keep_alive = keep_alive and not self._frontend.is_draining
        if keep_alive and self._reader.is_between and self._is_reading and self.is_writable and not self._queue:
            self._phase = _IDLE
            self._deadline = None
            return
        self._tunnel = self._answering = self._phase = None
        if not keep_alive:
            self._reader.stop()
            self._queue.clear()
        self._next()

    # ---

    def _next(self) -> None:
        """Answer what is queued, until something takes time; then close, if that was the last."""
        if self._is_pumping:
            return
        self._is_pumping = True
        while self._queue and not self._is_busy and self.is_writable:
            self._serve(self._queue.popleft())
        self._is_pumping = False
        if not self._is_busy:
            self._rest()
            self._arm()

    def _serve(self, inbound: Inbound) -> None:
        self._is_busy = True
        self._answering = inbound.head
        outcome: Answer | Forward
        if isinstance(inbound.verdict, Answer):
            outcome = inbound.verdict
        else:
            outcome = decide(inbound.verdict, inbound.body, self._frontend.gateway)
        if isinstance(outcome, Answer):
            self._settle(inbound, outcome)
            return
        if inbound.early is not None:
            self._exchange = self._tunnel = Tunnel(outcome, self, self._frontend, inbound.early)
        else:
            self._exchange = Exchange(outcome, inbound.body, self, self._frontend)
        self._exchange.begin()

    def _settle(self, inbound: Inbound, answer: Answer) -> None:
        self._frontend.answered(inbound, answer, self.address)
        self.answer(answer)

    def _rest(self) -> None:
        """Nothing is being answered: wait for the client to read, or to ask."""
        if not self.is_writable:
            self._read(on=False)
        elif self._reader.is_stopped:
            self._close()
        else:
            self._read(on=True)
            self.begun()

    def _close(self) -> None:
        """Close once everything is written, and where the client may still be sending, once it has stopped."""
        if self._phase is _CLOSE or self._transport.is_closing():
            return
        self._phase = _CLOSE
        self._outbox.send()
        self._reader.stop()
        if self._is_lingering and self._transport.can_write_eof():
            self._transport.write_eof()
            self._read(on=True)
            bound_s = self._limits.linger_s
        else:
            self._transport.close()
            bound_s = self._limits.keep_alive_s
        self._deadline = self._frontend.now() + bound_s

    def _read(self, *, on: bool) -> None:
        if on is not self._is_reading and not self._transport.is_closing():
            self._is_reading = on
            (self._transport.resume_reading if on else self._transport.pause_reading)()

    def _gone(self) -> None:
        exchange, self._exchange, self._tunnel = self._exchange, None, None
        self._reader.stop()
        self._queue.clear()
        if exchange is not None:
            exchange.leave()

    def _arm(self) -> None:
        """Set the deadline of what is waited for; that of a head from its beginning, however slowly it comes."""
        if self._phase is _CLOSE:
            return
        if self._reader.inbound is not None:
            phase, bound_s = _BODY, self._limits.body_pause_s
        elif self._reader.is_in_head:
            phase, bound_s = _HEAD, self._limits.head_s
        else:
            phase, bound_s = _IDLE, self._limits.keep_alive_s
        if phase is not self._phase or phase is _BODY:
            self._phase = phase
            self._deadline = self._frontend.now() + bound_s
