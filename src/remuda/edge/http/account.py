"""What is measured of one request while it passes, and the `Record` that is made of it at its end."""

from __future__ import annotations

import msgspec

from remuda.edge.http.chunks import ChunkRelay
from remuda.gateway.envelope import Answer
from remuda.gateway.forward import Forward
from remuda.gateway.head import RequestHead
from remuda.gateway.record import Record, Usage
from remuda.gateway.tail import KEEP_BYTES, Tail
from remuda.gateway.usage import read_usage

_EVENT_END = b"\n\n"
_SWITCHED = 101  # what passes after that is nobody's JSON


class Account(msgspec.Struct, eq=False):
    """One request. Times are of one clock; `epoch_s` is what has to be added to it to have seconds since 1970.

    `bytes_in` and `bytes_out`: how much of the client's and of the engine's body has come. `beginning`: its first
    piece, or all of it if it did not come in pieces. `relay`: another way that some of it takes.
    """

    forward: Forward
    client: str
    began: float
    bytes_in: int = 0
    # What is known only later, if at all.
    granted: float | None = None
    first: float | None = None
    stream: bool = False
    events: int = 0
    bytes_out: int = 0
    error: str = ""
    beginning: bytes = b""
    tail: Tail | None = None
    relay: ChunkRelay | None = None

    def passed(self, piece: bytes) -> None:
        """Some of the engine's body has come."""
        if self.relay is not None:
            self._count(self.relay)
        tail = self.tail
        if tail is None:
            self.tail = tail = Tail()
            self.beginning = piece
        self.bytes_out += len(piece)
        tail.append(piece[-KEEP_BYTES:])
        if self.stream:
            self.events += piece.count(_EVENT_END)

    def last(self) -> bytes:
        """The end of the engine's body so far; empty if there is none yet, or if it came in one piece."""
        if self.relay is not None:
            self._count(self.relay)
        return self.tail.last() if self.tail is not None else b""

    def _count(self, relay: ChunkRelay) -> None:
        """Count what has passed by another way, as if it had passed here."""
        if not relay.tail:
            return
        self.bytes_out += relay.bytes_out
        if self.stream:
            self.events += relay.events
        if self.tail is not None:
            self.tail.extend(relay.bodies())
        relay.clear()

    def _usage(self) -> Usage | None:
        """What the end tells; Anthropic's streams tell of the prompt at their beginning only."""
        body, tail = self.beginning, self.tail
        if tail is None:
            return read_usage(body[-KEEP_BYTES:], is_whole=len(body) <= KEEP_BYTES) if body else None
        usage = read_usage(tail.last())
        if usage is None or usage.prompt_tokens is not None or not self.stream:
            return usage
        told = read_usage(self.beginning[:KEEP_BYTES])
        if told is None:
            return usage
        return msgspec.structs.replace(usage, prompt_tokens=told.prompt_tokens, cached_tokens=told.cached_tokens)

    def closed(self, number: int, model: str, status: int, now: float, epoch_s: float) -> Record:
        """The request is over."""
        forward, began = self.forward, self.began
        if self.relay is not None:
            self._count(self.relay)
        # By position, in the order of `Record`: by name takes eight times as long.
        return Record(
            number,
            epoch_s + began,
            self.client,
            forward.key.name,
            forward.method,
            forward.path,
            forward.wanted.model,
            model,
            status,
            self.stream,
            (now if self.granted is None else self.granted) - began,
            None if self.first is None else self.first - began,
            now - began,
            self.bytes_in,
            self.bytes_out,
            self.events,
            None if status == _SWITCHED else self._usage(),
            self.error,
        )


def own_record(head: RequestHead, answer: Answer, key: str, client: str, at: float) -> Record:
    """The record of a request that was answered by the gateway itself, at once."""
    return Record(
        number=0,
        at=at,
        client=client,
        key=key,
        method=head.method.decode(),
        path=head.target.path.decode("latin-1"),
        asked="",
        model="",
        status=answer.status,
        stream=False,
        queued_s=0.0,
        first_byte_s=0.0,
        took_s=0.0,
        bytes_in=head.length or 0,
        bytes_out=len(answer.body),
        events=0,
        usage=None,
        error=answer.fault.code if answer.fault else "",
    )
