"""A connection that leaves HTTP: a WebSocket between a client and an engine.

The request and the engine's `101` are understood and written anew, as all heads are; from then on bytes pass both ways
as they come, each side read only as fast as the other takes. A tunnel is in flight until one side closes. Where the
engine does not switch protocols, its answer is relayed and the connection closed.

What passes is not looked into, so nothing of it is counted but bytes, and no `model` in it is renamed.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Protocol, cast

import httptools

from remuda.edge.http.account import Account
from remuda.edge.http.frontend import Frontend
from remuda.edge.http.reply import Downstream
from remuda.edge.http.seam import Endpoint
from remuda.edge.http.upstream import LossKind
from remuda.gateway.envelope import Answer, error, refused, tell
from remuda.gateway.forward import Destination, Forward, prepare
from remuda.gateway.head import Hop, Outbound, request_bytes
from remuda.gateway.record import LEFT
from remuda.gateway.reply import switching_bytes
from remuda.gateway.shapes import Fault
from remuda.residency.commands import Refuse

_EARLY_BYTES = 64 * 1024
_ANSWER_BYTES = 1024 * 1024
_HEAD_END = b"\r\n\r\n"


class Near(Downstream, Protocol):
    """The client's side of a tunnel."""

    def hold(self, *, on: bool) -> None:
        """Read nothing from the client while on."""
        ...


class Tunnel:
    """One tunnel: a `Waiter` of admission, and what a client's connection knows of whatever it is busy with."""

    def __init__(self, forward: Forward, near: Near, frontend: Frontend, early: bytes) -> None:
        self._forward = forward
        self._near = near
        self._frontend = frontend
        self._residency = frontend.ways.residency
        self._account = Account(forward, near.address, frontend.now())
        self._model = forward.candidates[0].model
        self._number = next(frontend.requests)
        self._meter = frontend.meter(forward.key)
        self._early = bytearray(early)
        self._is_granted = False
        self._is_over = False
        self._connecting: asyncio.Task[None] | None = None
        self._far: _Far | None = None

    def begin(self) -> None:
        """Ask for an instance."""
        fault = self._meter.begin(self._account.began) if self._meter else None
        if fault:
            self._meter = None
            self._over(fault.status, fault.code)
            self._near.answer(tell(fault))
            return
        self._residency.ask(self._number, self._model, self, self._forward.key.scope.priority)

    def from_client(self, data: bytes) -> None:
        """Pass on what the client sends; before there is anybody to take it, a little of it is kept."""
        self._account.bytes_in += len(data)
        if self._far is not None and self._far.is_open:
            self._far.write(data)
            return
        self._early += data
        if len(self._early) > _EARLY_BYTES:
            self._near.hold(on=True)

    def leave(self) -> None:
        """The client has left."""
        if self._is_over:
            return
        if not self._is_granted:
            self._residency.abandon(self._number)
        self._over(HTTPStatus.SWITCHING_PROTOCOLS if self._far and self._far.is_open else LEFT)

    def pause(self) -> None:
        """The client does not keep up."""
        if self._far is not None:
            self._far.hold(on=True)

    def resume(self) -> None:
        """The client has caught up."""
        if self._far is not None:
            self._far.hold(on=False)

    def sweep(self, now: float) -> None:
        """A tunnel may be silent for as long as it likes."""

    # What admission calls.

    def granted(self, endpoint: Endpoint) -> None:
        """Go there."""
        self._is_granted = True
        self._account.granted = self._frontend.now()
        self._connecting = self._frontend.loop.create_task(self._connect(endpoint))

    def refused(self, refusal: Refuse) -> None:
        """Say why not."""
        fault = refused(refusal)
        self._is_granted = False
        self._over(fault.status, fault.code)
        self._near.answer(tell(fault))

    # What the connection to the engine calls.

    def opened(self, head: bytes, rest: bytes) -> None:
        """The engine has switched protocols."""
        self._near.write(head)
        if self._early and self._far is not None:
            self._far.write(bytes(self._early))
            self._early.clear()
            self._near.hold(on=False)
        if rest:
            self.from_engine(rest)

    def from_engine(self, data: bytes) -> None:
        """Pass on what the engine sends."""
        self._account.passed(data)
        self._near.write(data)

    def hold_client(self, *, on: bool) -> None:
        """The engine does not keep up, or has caught up."""
        self._near.hold(on=on)

    def declined(self, answer: Answer) -> None:
        """The engine has answered in HTTP."""
        self._over(answer.status)
        self._near.answer(answer)

    def closed(self, reason: str, *, is_open: bool) -> None:
        """The engine's side is gone."""
        if self._is_over:
            return
        if is_open:
            self._over(HTTPStatus.SWITCHING_PROTOCOLS)
            self._near.finished(keep_alive=False)
        else:
            message = f"`{self._model}` did not answer: {reason}"
            self._over(HTTPStatus.BAD_GATEWAY, LossKind.LOST.value)
            self._near.answer(error(HTTPStatus.BAD_GATEWAY, message, LossKind.LOST.value))

    # ---

    async def _connect(self, endpoint: Endpoint) -> None:
        frontend = self._frontend
        traits = frontend.gateway.traits_of(self._model)
        to = Destination(endpoint, self._forward.candidates[0].edits, traits)
        prepared = prepare(self._forward, b"", to, frontend.gateway.around.clock)
        assert not isinstance(prepared, Fault)  # noqa: S101  no path that can be tunnelled is translated
        hop = Hop(self._near.address, endpoint.host_field, endpoint.base, frontend.scheme)
        outbound = Outbound(prepared.path, extra=traits.headers, upgrade=self._forward.head.upgrade)
        self._far = far = _Far(self, request_bytes(self._forward.head, hop, outbound, 0))
        try:
            async with asyncio.timeout(frontend.limits.connect_s):
                context = frontend.pool.tls() if endpoint.tls else None
                await frontend.loop.create_connection(lambda: far, endpoint.host, endpoint.port, ssl=context)
        except OSError as reason:
            self.closed(str(reason) or "it does not accept connections", is_open=False)

    def _over(self, status: int, error_code: str = "") -> None:
        frontend, account = self._frontend, self._account
        self._is_over = True
        if self._connecting is not None and not self._connecting.done():
            self._connecting.cancel()
        if self._far is not None:
            self._far.close()
        if self._is_granted:
            self._residency.end(self._number)
        if self._meter is not None:
            self._meter.end()
        account.error = error_code
        now = frontend.now()
        frontend.observer.ended(account.closed(self._number, self._model, status, now, frontend.epoch_s))


class _Far(asyncio.Protocol):
    """The engine's side of a tunnel."""

    def __init__(self, tunnel: Tunnel, head: bytes) -> None:
        self.is_open = False
        self._tunnel = tunnel
        self._head = head
        self._transport: asyncio.Transport | None = None
        self._seen = b""
        self._answer: _Answer | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask to switch protocols."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._head)

    def data_received(self, data: bytes) -> None:
        """Pass bytes on, once the protocol has been switched."""
        if self.is_open:
            self._tunnel.from_engine(data)
        elif self._answer is not None:
            self._read_answer(self._answer, data)
        else:
            self._seen += data
            head, end, rest = self._seen.partition(_HEAD_END)
            if end:
                self._read_head(head + end, rest)
            elif len(self._seen) > _EARLY_BYTES:
                self._garbled("its head is too long")

    def eof_received(self) -> None:
        """The engine sends no more; then this tunnel is of no use."""

    def connection_lost(self, exc: Exception | None) -> None:
        """The engine's side is gone."""
        self._tunnel.closed(str(exc) if exc else "the engine closed the connection", is_open=self.is_open)

    def pause_writing(self) -> None:
        """The engine does not keep up."""
        self._tunnel.hold_client(on=True)

    def resume_writing(self) -> None:
        """The engine has caught up."""
        self._tunnel.hold_client(on=False)

    def write(self, data: bytes) -> None:
        """Send to the engine."""
        if self._transport is not None:
            self._transport.write(data)

    def hold(self, *, on: bool) -> None:
        """Read nothing from the engine while on."""
        if self._transport is not None and not self._transport.is_closing():
            (self._transport.pause_reading if on else self._transport.resume_reading)()

    def close(self) -> None:
        """Leave; what has been written is still sent."""
        if self._transport is not None:
            self._transport.close()

    def _read_head(self, head: bytes, rest: bytes) -> None:
        answer = _Answer()
        answer.feed(head)
        if answer.is_broken:
            self._garbled("its head cannot be understood")
        elif answer.status == HTTPStatus.SWITCHING_PROTOCOLS:
            self.is_open = True
            self._tunnel.opened(switching_bytes(answer.fields), rest)
        else:
            self._answer = answer
            self._read_answer(answer, rest)

    def _read_answer(self, answer: _Answer, data: bytes) -> None:
        answer.feed(data)
        if answer.is_broken or len(answer.body) > _ANSWER_BYTES:
            self._garbled("its answer cannot be understood")
        elif answer.is_complete:
            self._tunnel.declined(Answer(answer.status, bytes(answer.body)))

    def _garbled(self, why: str) -> None:
        self._tunnel.closed(why, is_open=False)


class _Answer:
    """An engine's answer in HTTP, read by llhttp."""

    def __init__(self) -> None:
        self.status = 0
        self.fields: list[tuple[bytes, bytes]] = []
        self.body = bytearray()
        self.is_complete = False
        self.is_broken = False
        self._parser = httptools.HttpResponseParser(self)

    def feed(self, data: bytes) -> None:
        """Read on."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            pass
        except httptools.HttpParserError:
            self.is_broken = True

    def on_header(self, name: bytes, value: bytes) -> None:
        self.fields.append((name, value))

    def on_headers_complete(self) -> None:
        self.status = self._parser.get_status_code()

    def on_body(self, data: bytes) -> None:
        self.body += data

    def on_message_complete(self) -> None:
        self.is_complete = True
