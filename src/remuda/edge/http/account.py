"""What is measured of one request while it passes, and the `Record` that is made of it at its end."""

from __future__ import annotations

from msgspec import structs

from remuda.gateway.envelope import Answer
from remuda.gateway.forward import Forward
from remuda.gateway.head import RequestHead
from remuda.gateway.record import Record, Usage
from remuda.gateway.tail import KEEP_BYTES, Tail
from remuda.gateway.usage import read_usage

_EVENT_END = b"\n\n"


class Account:
    """One request. Times are of the loop's clock; `epoch_s` is what has to be added to have seconds since 1970."""

    __slots__ = (
        *("began", "bytes_in", "bytes_out", "client", "error", "events"),
        *("beginning", "first", "forward", "granted", "stream", "tail"),
    )

    def __init__(self, forward: Forward, client: bytes, began: float) -> None:
        self.forward = forward
        self.client = client
        self.began = began
        self.granted: float | None = None
        self.first: float | None = None
        self.stream = False
        self.bytes_in = len(forward.body)
        self.bytes_out = 0
        self.events = 0
        self.error = ""
        self.beginning = b""
        self.tail = Tail()

    def passed(self, piece: bytes) -> None:
        """Some of the engine's body has come."""
        if not self.bytes_out:
            self.beginning = piece
        self.bytes_out += len(piece)
        self.tail.add(piece)
        if self.stream:
            self.events += piece.count(_EVENT_END)

    def _usage(self) -> Usage | None:
        """What the end tells; Anthropic's streams tell of the prompt at their beginning only."""
        usage = read_usage(self.tail.last()) if self.bytes_out else None
        if usage is None or usage.prompt_tokens is not None or not self.stream:
            return usage
        told = read_usage(self.beginning[:KEEP_BYTES])
        if told is None:
            return usage
        return structs.replace(usage, prompt_tokens=told.prompt_tokens, cached_tokens=told.cached_tokens)

    def closed(self, number: int, model: str, status: int, now: float, epoch_s: float) -> Record:
        """The request is over."""
        forward, began = self.forward, self.began
        head = forward.head
        return Record(
            number=number,
            at=epoch_s + began,
            client=self.client.decode(),
            key=forward.key.name,
            method=head.method.decode(),
            path=head.target.path.decode("latin-1"),
            asked=forward.wanted.model,
            model=model,
            status=status,
            stream=self.stream,
            queued_s=(now if self.granted is None else self.granted) - began,
            first_byte_s=None if self.first is None else self.first - began,
            took_s=now - began,
            bytes_in=self.bytes_in,
            bytes_out=self.bytes_out,
            events=self.events,
            usage=self._usage(),
            error=self.error,
        )


def own_record(head: RequestHead, answer: Answer, key: str, client: bytes, at: float) -> Record:
    """The record of a request that was answered by the gateway itself, at once."""
    return Record(
        number=0,
        at=at,
        client=client.decode(),
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
