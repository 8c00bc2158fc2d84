"""One request on its way to an engine, and the response on its way back.

waiting → sent → answering → over; a response is `drained` that is read to its end although the client has left.
Whatever happens, admission hears exactly one `end` after a grant, or one `abandon` before it. What is refused, or fails
before its response has begun, goes to the next candidate, if the route has one.

An engine that accepts no connection, or drops one at once, has just gone: the request waits once more, for its
successor. What any other loss means depends on how far the response has come: before its head it is a 502 with the
reason; in a stream of events it is an event that says so, and the stream's orderly end; anywhere else the client's
connection is broken off, because a body that ends early must not look whole.

A client that waits for a stream of events gets its head and comments while the model loads, so that nothing on the way
gives up. From then on its status is 200, and whatever fails is told in the stream.
"""

from __future__ import annotations

import enum
import math
from http import HTTPStatus

from remuda.edge.http.account import Account
from remuda.edge.http.frontend import Frontend, Ways
from remuda.edge.http.reply import Downstream, Reply
from remuda.edge.http.seam import Admission, Endpoint
from remuda.edge.http.upstream import Loss, LossKind, Outgoing, UpstreamConnection
from remuda.gateway.api import Source
from remuda.gateway.envelope import Answer, refused
from remuda.gateway.forward import Destination, Forward, Prepared, WayBack, prepare
from remuda.gateway.head import Hop, Outbound, begun_bytes, request_bytes, sized
from remuda.gateway.record import LEFT
from remuda.gateway.reply import ResponseHead, whole_bytes
from remuda.gateway.shapes import Fault
from remuda.gateway.traits import Traits
from remuda.gateway.translate import ollama
from remuda.gateway.wanted import Body
from remuda.residency.commands import RefusalKind, Refuse

_CONTROL = Source.CONTROL
_WORTH_ANOTHER = frozenset((429, 500, 502, 503, 504))


class _State(enum.Enum):
    WAITING = enum.auto()
    SENT = enum.auto()
    ANSWERING = enum.auto()
    DRAINED = enum.auto()
    OVER = enum.auto()


# Python 3.11 takes longer to find a member of an enumeration than to make a small object.
_WAITING, _SENT, _ANSWERING, _DRAINED, _OVER = _State


class Exchange:
    """A `Waiter` of admission and a `Listener` of a connection to an engine."""

    __slots__ = (
        *("_account", "_admission", "_at", "_back", "_body", "_commented", "_downstream", "_endpoint", "_forward"),
        *("_frontend", "_is_queued", "_meter", "_number", "_outgoing", "_reply", "_returned", "_stale", "_state"),
        *("_upstream", "model"),
    )

    _endpoint: Endpoint

    def __init__(self, forward: Forward, body: Body, downstream: Downstream, frontend: Frontend) -> None:
        self.model = forward.candidates[0].model
        self._forward = forward
        self._body = body
        self._downstream = downstream
        self._frontend = frontend
        self._account = Account(forward, downstream.address, frontend.now(), len(body))
        self._admission = _way(forward, frontend.ways)
        self._meter = frontend.meter(forward.key) if forward.key.scope.quota is not None else None
        self._at = 0
        self._number = 0
        self._commented = -math.inf
        self._upstream: UpstreamConnection | None = None
        self._outgoing: Outgoing | None = None
        self._back: WayBack | None = None
        self._reply: Reply | None = None
        self._stale: Loss | None = None
        self._returned = False
        self._is_queued = False
        self._state = _WAITING

    def begin(self) -> None:
        """Ask for an instance of the first candidate."""
        fault = self._meter.begin(self._account.began) if self._meter else None
        if fault:
            self._meter = None
            self._over(fault.status, fault.code)
            self._begun_reply().fail(fault)
        elif self._forward.wanted.ollama is not None and self._forward.only_unloads:
            self._frontend.ways.residency.keep_alive(self.model, 0.0)
            self._answer_bare(unloaded=True)
        else:
            self._ask()

    def leave(self) -> None:
        """The client has left: free its place at once, and let the engine know, if it bears to be interrupted."""
        was = self._state
        if was in (_OVER, _DRAINED):
            return
        self._record(LEFT)
        if was is _WAITING:
            self._state = _OVER
            self._unqueue()
            self._admission.abandon(self._number)
        elif self._upstream is not None and self._traits.drains:
            self._state = _DRAINED
            self._upstream.relay_chunks(None)
            self._upstream.resume()
        else:
            self._state = _OVER
            if self._upstream is not None:
                self._upstream.abort()
            self._admission.end(self._number)

    def pause(self) -> None:
        """The client does not keep up."""
        if self._upstream is not None:
            self._upstream.pause()

    def resume(self) -> None:
        """The client has caught up."""
        if self._upstream is not None:
            self._upstream.resume()

    def sweep(self, now: float) -> None:
        """Look at the bounds of time."""
        if self._state is _WAITING and self._forward.heeds_comments:
            silent_since = max(self._commented, self._account.began)
            if now >= silent_since + self._frontend.limits.comment_s:
                self._commented = now
                self._begun_reply().comment()
        first_byte_s = self._frontend.limits.first_byte_s
        if self._state is _SENT and first_byte_s is not None and now >= (self._account.granted or now) + first_byte_s:
            message = f"`{self.model}` did not begin to answer within {first_byte_s:g} s"
            upstream, self._upstream = self._upstream, None
            if upstream is not None:
                upstream.abort()
            self._fail(Fault(HTTPStatus.GATEWAY_TIMEOUT, message, "engine_timeout"))

    # What admission calls.

    def granted(self, endpoint: Endpoint) -> None:
        """Send the request."""
        account, frontend, body = self._account, self._frontend, self._body
        if self._is_queued or account.granted is not None:
            self._unqueue()
            account.granted = now = frontend.now()
        else:
            account.granted = now = account.began
        self._state = _SENT
        self._endpoint = endpoint
        begun = self._forward.begun.get((frontend.gateway, endpoint, self._downstream.address))
        if begun is not None and self._reply is None:
            self._back = None
            outgoing = Outgoing(sized(begun, len(body)), body)
        else:
            made = self._made(endpoint)
            if made is None:
                return
            outgoing = made
        self._outgoing = outgoing
        self._upstream = frontend.pool.send(endpoint, outgoing, self, now)

    def refused(self, refusal: Refuse) -> None:
        """Ask the next candidate, or say why there will be no response."""
        self._unqueue()
        self._give_up(refused(refusal), is_final=refusal.kind is RefusalKind.SHUTTING_DOWN)

    # What the connection to the engine calls.

    def whole(self, head: ResponseHead, body: bytes) -> None:
        """Pass a whole response on, if nothing has to be done to it: what most of them are."""
        is_plain = self._state is _SENT and self._back is None and self._reply is None
        if is_plain and not (head.status in _WORTH_ANOTHER and self._has_another):
            self._pass_on(head, len(body), body)
        else:
            self.response(head.with_length(len(body)), body, ended=True)

    def response(self, head: ResponseHead, body: bytes, *, ended: bool) -> None:
        """Begin the client's response."""
        if self._state is _DRAINED:
            self._drain(ended=ended)
            return
        if head.status in _WORTH_ANOTHER and self._has_another:
            self._turn_away(ended=ended)
            return
        if ended and head.length is not None and self._back is None and self._reply is None:
            self._pass_on(head, head.length, body)
            return
        self._state = _ANSWERING
        self._outgoing = None
        self._body = b""
        self._begun_reply().begin(head, self._back)
        self._relay(body, ended=ended)

    def more(self, body: bytes, *, ended: bool) -> None:
        """Go on with the client's response."""
        if self._state is _DRAINED:
            self._drain(ended=ended)
        else:
            self._relay(body, ended=ended)

    def lost(self, loss: Loss) -> None:
        """Try again if the connection was stale, else tell the client."""
        self._upstream = None
        if self._state is _DRAINED:
            self._drain(ended=True)
        elif loss.is_stale and self._outgoing is not None:
            self._stale = loss
            self._upstream = self._frontend.pool.connect(self._endpoint, self._outgoing, self)
        elif self._state is _SENT and loss.is_early and not self._returned:
            self._returned = True
            self._state = _WAITING
            self._outgoing = None
            self._admission.dropped(self._number, self.model, self)
            if self._state is _WAITING:
                self._queue()
        else:
            # That it cannot be reached now is a consequence of its having gone away before.
            loss = self._stale if self._stale and loss.kind is LossKind.UNREACHABLE else loss
            what = "did not answer" if self._state is _SENT else "stopped answering"
            self._fail(Fault(HTTPStatus.BAD_GATEWAY, f"`{self.model}` {what}: {loss.reason}", loss.kind.value))

    # ---

    def _ask(self) -> None:
        frontend, model = self._frontend, self.model
        if frontend.queued and (fault := frontend.full(model)):
            self._give_up(fault)
            return
        self._number = next(frontend.requests)
        self._admission.ask(self._number, model, self, self._forward.key.scope.priority)
        if self._state is _WAITING:
            self._queue()

    def _ask_next(self) -> None:
        """Ask for an instance of the next candidate."""
        self._at += 1
        self.model = self._forward.candidates[self._at].model
        self._state = _WAITING
        self._returned = False
        self._stale = None
        self._ask()

    def _queue(self) -> None:
        """Count a request that was not answered at once."""
        if not self._is_queued:
            self._is_queued = True
            self._frontend.queue(self.model)

    def _unqueue(self) -> None:
        if self._is_queued:
            self._is_queued = False
            self._frontend.unqueue(self.model)

    def _keep_alive(self) -> None:
        wish = self._forward.keep_alive
        if wish is not None:
            self._frontend.ways.residency.keep_alive(self.model, wish.ttl_s)

    @property
    def _traits(self) -> Traits:
        return self._frontend.gateway.traits_of(self.model)

    def _made(self, endpoint: Endpoint) -> Outgoing | None:
        """The request as this instance needs it; None when there is nothing to send, and the exchange has gone on."""
        forward = self._forward
        if forward.wanted.ollama is not None:
            self._keep_alive()
            if forward.is_bare:
                self._admission.end(self._number)
                self._answer_bare(unloaded=False)
                return None
        to = Destination(endpoint, forward.candidates[self._at].edits, self._traits)
        prepared = prepare(forward, self._body, to, self._frontend.gateway.around.clock)
        if isinstance(prepared, Fault):
            self._fail(prepared)
            return None
        self._back = prepared.back
        return self._outgoing_of(prepared, endpoint)

    def _outgoing_of(self, prepared: Prepared, endpoint: Endpoint) -> Outgoing:
        forward, frontend, body, extra = self._forward, self._frontend, prepared.body, self._traits.headers
        head, client = forward.head, self._downstream.address
        is_plain = prepared.back is None and self._reply is None
        if not is_plain:
            # What is to be translated, or goes into a stream that has begun, must not come compressed.
            extra = {b"accept-encoding": b"identity", **extra}
        hop = Hop(client, endpoint.host_field, endpoint.base, frontend.scheme)
        outbound = Outbound(prepared.path, prepared.content_type, extra)
        if is_plain and body is self._body and forward.is_peeked:
            begun = begun_bytes(head, hop, outbound)
            forward.remember(begun, frontend.gateway, endpoint, client)
            return Outgoing(sized(begun, len(body)), body)
        return Outgoing(request_bytes(head, hop, outbound, len(body)), body, head.method == b"HEAD")

    @property
    def _has_another(self) -> bool:
        return self._at + 1 < len(self._forward.candidates)

    def _give_up(self, fault: Fault, *, is_final: bool = False) -> None:
        """Ask the next candidate, or tell the client; the admission has nothing of this request any more."""
        if self._has_another and not is_final:
            self._ask_next()
            return
        reply = self._begun_reply()
        # What is written down is what the client sees.
        self._over(reply.status if reply.is_begun else fault.status, fault.code)
        reply.fail(fault)

    def _fail(self, fault: Fault) -> None:
        """A granted request has failed."""
        is_begun = self._state is not _SENT
        self._admission.end(self._number)
        self._give_up(fault, is_final=is_begun)

    def _turn_away(self, *, ended: bool) -> None:
        """Leave an engine that says that it cannot, for the next candidate."""
        if self._upstream is not None and not ended:
            self._upstream.abort()
        self._upstream = None
        self._admission.end(self._number)
        self._ask_next()

    def _begun_reply(self) -> Reply:
        if self._reply is None:
            self._reply = Reply(self._forward, self._downstream, self._account)
        return self._reply

    def _pass_on(self, head: ResponseHead, length: int, body: bytes) -> None:
        downstream, account = self._downstream, self._account
        keep_alive = downstream.keeps_alive
        self._upstream = None
        account.first = now = self._frontend.now()
        account.beginning = body
        account.bytes_out = len(body)
        downstream.write(whole_bytes(self._forward.head, head, length, body, keep_alive=keep_alive))
        self._admission.end(self._number)
        self._state = _OVER
        self._record(head.status, now)
        downstream.finished(keep_alive=keep_alive)

    def _relay(self, body: bytes, *, ended: bool) -> None:
        reply = self._begun_reply()
        if body and self._account.first is None:
            self._account.first = self._frontend.now()
            if reply.is_plain and not ended and self._upstream is not None:
                self._upstream.relay_chunks(reply.relay().pass_on)
        if ended:
            # The connection may already be another's: whatever the client does now must not hold it up.
            self._upstream = None
        reply.more(body, ended=ended)
        if ended and self._state is _ANSWERING:
            self._admission.end(self._number)
            self._over(reply.status)
            reply.finish()

    def _drain(self, *, ended: bool) -> None:
        if ended:
            self._state = _OVER
            self._upstream = None
            self._admission.end(self._number)

    def _answer_bare(self, *, unloaded: bool) -> None:
        path, clock = self._forward.api.upstream, self._frontend.gateway.around.clock
        asked = self._forward.wanted.ollama
        assert asked is not None  # noqa: S101  only such a request is bare
        body = ollama.bare_reply(path, asked.model, unloaded=unloaded, now=clock)
        self._over(HTTPStatus.OK)
        self._downstream.answer(Answer(HTTPStatus.OK, body))

    def _over(self, status: int, error: str = "") -> None:
        """The exchange is over, but for what is still to be written."""
        self._state = _OVER
        self._upstream = None
        if error:
            self._account.error = error
        self._record(status)

    def _record(self, status: int, now: float | None = None) -> None:
        frontend = self._frontend
        if now is None:
            now = frontend.now()
        record = self._account.closed(self._number, self.model, status, now, frontend.epoch_s)
        if self._meter is not None:
            meter, self._meter = self._meter, None
            meter.end()
            meter.spend(record.usage.tokens if record.usage else record.events, now)
        frontend.observer.ended(record)


def _way(forward: Forward, ways: Ways) -> Admission:
    if forward.wanted.observes:
        return ways.observing
    return ways.control if forward.api.source is _CONTROL else ways.residency
