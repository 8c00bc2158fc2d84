"""Reads one client's requests off its connection and judges each head as soon as it is there.

The parser cannot be stopped in the middle of what it is fed, so requests may arrive faster than they can be answered;
what to do with them is the `Sink`'s matter. When the input cannot be trusted any more (malformed, over a bound, an
upload that nobody wants) the reader stops: the error is the last that arrives, and whatever follows is dropped unread.

A request that comes in one read, alone, and under a head that has been admitted before passes the parser by (`memo`).
The parser must then be between two messages, and stays there.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Protocol

import httptools
import msgspec

from remuda.edge.http.limits import Limits
from remuda.edge.http.memo import Memo
from remuda.gateway.decide import Admitted, too_large
from remuda.gateway.envelope import Answer, error, malformed
from remuda.gateway.head import RequestHead, read_head

_AHEAD_BYTES = 256 * 1024


class Inbound(msgspec.Struct):
    """A request as it arrives.

    `head` is None when it could not be understood. `is_cut`: there may be more of it that will not be read. `early`:
    what came after a request for a tunnel, and is no HTTP any more; None for all other requests. `is_invited`: the
    client does not wait for `100 Continue`.
    """

    head: RequestHead | None
    verdict: Answer | Admitted
    body: bytes | bytearray = b""
    is_cut: bool = False
    early: bytes | None = None
    is_invited: bool = True

    def add(self, piece: bytes) -> None:
        """Collect a piece of the body: the first as it is, more of them in a buffer that grows in place."""
        if not self.body:
            self.body = piece
        else:
            if isinstance(self.body, bytes):
                self.body = bytearray(self.body)
            self.body += piece


class Sink(Protocol):
    """Who answers the requests."""

    @property
    def body_max_bytes(self) -> int:
        """The bound of a body."""
        ...

    def judge(self, head: RequestHead) -> Answer | Admitted:
        """Say what a head alone settles."""
        ...

    def begun(self) -> None:
        """The client waits for `100 Continue` (`RequestReader.inbound`)."""
        ...

    def swelled(self) -> None:
        """The body that is arriving has become large."""
        ...

    def recalled(self, admitted: Admitted, body: bytes) -> None:
        """A request is complete whose head is known."""
        ...

    def arrived(self, inbound: Inbound) -> None:
        """A request is complete, or as complete as it will be read."""
        ...


class RequestReader:
    """The reading side of a connection; `memo` is shared by all that have the same limits and are judged alike.

    `is_between`: nothing of a next request has come, and there may be one.
    """

    __slots__ = (
        *("_fields", "_head_seen_bytes", "_is_priming", "_is_upgrading", "_limits", "_memo", "_parser"),
        *("_read_bytes", "_sink", "_stays", "_target", "_whole", "inbound", "is_between", "is_in_head", "is_stopped"),
    )

    def __init__(self, sink: Sink, limits: Limits, memo: Memo[Admitted]) -> None:
        self.inbound: Inbound | None = None
        self.is_in_head = False
        self.is_stopped = False
        self._sink = sink
        self._limits = limits
        self._memo = memo
        self._parser = httptools.HttpRequestParser(self)
        self._target = b""
        self._fields: list[tuple[bytes, bytes]] = []
        self._read_bytes = 0
        self._head_seen_bytes = 0
        self._is_upgrading = False
        self._is_priming = False
        self.is_between = True
        self._stays = True
        self._whole = b""

    def feed(self, data: bytes) -> None:
        """Read on; the sink is called back."""
        if self.is_between and (recalled := self._memo.recall(data)) is not None:
            self._sink.recalled(recalled[0], data[recalled[1] :])
            return
        was_in_head = self.is_in_head
        # What can belong to the head that is being read: this piece and, if it was begun in the one before, that one.
        self._read_bytes = len(data) + (self._read_bytes if was_in_head else 0)
        self._whole = data if self.is_between else b""
        self._feed(data)
        is_idle = self.inbound is None and not self.is_in_head and not self.is_stopped
        self.is_between = is_idle and self._stays
        if self.is_in_head and was_in_head:
            self._head_seen_bytes += len(data)
            if self._head_seen_bytes > self._limits.head_bytes:
                self.fail(_head_too_large())

    def fail(self, answer: Answer) -> None:
        """Stop, with this answer to what was being read."""
        if self.is_stopped:
            return
        head = self.inbound.head if self.inbound is not None else None
        self.stop()
        self._sink.arrived(Inbound(head, answer, is_cut=True))

    def stop(self) -> None:
        """Look at nothing that comes from now on."""
        self.is_stopped = True
        self.is_in_head = self.is_between = False
        self.inbound = None

    # What the parser calls.

    def on_message_begin(self) -> None:
        """Begin a head."""
        self._target = b""
        self._fields = []
        self.is_in_head = not self._is_priming and not self.is_stopped
        self._head_seen_bytes = 0

    def on_url(self, piece: bytes) -> None:
        """Collect a piece of the target."""
        self._target += piece

    def on_header(self, name: bytes, value: bytes) -> None:
        """Collect a field of the head; or a trailer, which nobody will read."""
        self._fields.append((name, value))

    def on_headers_complete(self) -> None:
        """Judge the head; an answer that does not need the body does not wait for a long one."""
        if self._is_priming or self.is_stopped:
            return
        self.is_in_head = False
        self._is_upgrading = self._parser.should_upgrade()
        head = self._understand()
        if isinstance(head, Answer):
            self.fail(head)
            return
        verdict = self._sink.judge(head)
        self.inbound = Inbound(head, verdict, is_invited=not head.expects_continue)
        if isinstance(verdict, Answer) and not self._is_worth_reading(head):
            self.fail(verdict)
        elif not self.inbound.is_invited:
            self._sink.begun()

    def on_body(self, piece: bytes) -> None:
        """Collect a piece of the body, if it is wanted."""
        inbound = self.inbound
        if inbound is None or isinstance(inbound.verdict, Answer):
            return
        inbound.add(piece)
        if len(inbound.body) > self._sink.body_max_bytes:
            self.fail(too_large(self._sink.body_max_bytes))
        elif len(inbound.body) > _AHEAD_BYTES:
            self._sink.swelled()

    def on_message_complete(self) -> None:
        """Hand the request over."""
        self._stays = self._parser.should_keep_alive()
        inbound = self.inbound
        if inbound is None or self._is_upgrading:
            return
        self.inbound = None
        if self._whole:
            self._remember(inbound)
        self._sink.arrived(inbound)

    # ---

    def _remember(self, inbound: Inbound) -> None:
        """Keep a head that may come again, in front of another body."""
        data, self._whole = self._whole, b""
        head, verdict = inbound.head, inbound.verdict
        if head is None or not isinstance(verdict, Admitted):
            return
        # The parser has to know when the last message has come; and a client that waits has to be told to go on.
        is_plain = self._stays and not head.expects_continue
        if is_plain and len(data) - len(inbound.body) < self._limits.head_bytes // 2:
            # It will stand before bodies of other lengths.
            head = msgspec.structs.replace(head, length=None)
            self._memo.keep(data, inbound.body, msgspec.structs.replace(verdict, head=head))

    def _feed(self, data: bytes | memoryview) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserCallbackError:
            raise
        except httptools.HttpParserUpgrade as upgrade:
            self._ignore_upgrade(memoryview(data)[upgrade.args[0] :])
        except httptools.HttpParserError as error:
            self.fail(malformed(f"this is not HTTP: {error}"))

    def _ignore_upgrade(self, rest: memoryview) -> None:
        """Go on in HTTP 1.1, as a server may, after a head that asks for another protocol.

        llhttp takes what follows such a head for that protocol. So a new parser is told the framing of the body that
        really follows; Java's HTTP client sends one with its first request to every server.
        """
        self._is_upgrading = False
        self._whole = b""
        inbound = self.inbound
        if inbound is None or inbound.head is None:
            return
        if isinstance(inbound.verdict, Admitted) and inbound.verdict.is_tunnel:
            inbound.early = bytes(rest)
            self.stop()
            self._sink.arrived(inbound)
            return
        length = inbound.head.length
        framing = b"transfer-encoding: chunked" if length is None else b"content-length: %d" % length
        self._parser = httptools.HttpRequestParser(self)
        self._is_priming = True
        self._parser.feed_data(b"POST / HTTP/1.1\r\n%b\r\n\r\n" % framing)
        self._is_priming = False
        self._feed(rest)

    def _understand(self) -> RequestHead | Answer:
        if len(self._fields) > self._limits.head_fields or self._is_head_large():
            return _head_too_large()
        method = self._parser.get_method()
        if method == b"CONNECT":
            return error(HTTPStatus.METHOD_NOT_ALLOWED, "this is no proxy for other hosts", "method_not_allowed")
        return read_head(method, self._target, self._parser.get_http_version(), self._fields)

    def _is_head_large(self) -> bool:
        """Look at every field only if so much has been read at all."""
        limit_bytes = self._limits.head_bytes
        if self._read_bytes <= limit_bytes:
            return False
        return len(self._target) + sum(len(name) + len(value) for name, value in self._fields) > limit_bytes

    def _is_worth_reading(self, head: RequestHead) -> bool:
        """Whether to read the body of a request that is answered without it, so that the connection stays usable."""
        return not head.expects_continue and head.length is not None and head.length <= self._limits.discard_bytes


def _head_too_large() -> Answer:
    status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
    return error(status, "the request's head is too large", "head_too_large")
