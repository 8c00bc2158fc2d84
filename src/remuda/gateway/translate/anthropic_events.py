"""A stream of chat completion chunks as the events of Anthropic's Messages API.

Anthropic's content blocks come one after the other, each with a start and an end; chunks only say what a piece belongs
to. So a block ends when a piece of another one comes. A tool call may have more pieces to come even then, if the engine
mixes its calls: unless its arguments are a whole JSON object it stays open, and what follows of other blocks waits for
the end of the answer. No engine known to us mixes them, so in practice nothing waits.

`message_delta` is written when the reason of the stop and the counts are both known, which engines tell in separate
chunks, or when the stream ends. A stream that ends without a reason, or cannot be read, ends in an `error` event.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType

import msgspec

from remuda.gateway.shapes import Fault, Shape, fault_event
from remuda.gateway.translate.anthropic_errors import error_body, error_status
from remuda.gateway.translate.anthropic_reply import (
    COMPLETION,
    Choice,
    ToolCall,
    Usage,
    message,
    message_id,
    stop,
    tool_use,
    usage,
)
from remuda.gateway.translate.sse import EventReader, EventSizeError


class _Kind(enum.Enum):
    """Kinds of content blocks: the type of their deltas, and the member with the piece."""

    TEXT = (b"text_delta", b"text")
    THINKING = (b"thinking_delta", b"thinking")
    CALL = (b"input_json_delta", b"partial_json")


_DELTA = (
    b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%d,"delta":{"type":"%b","%b":%b}}\n\n'
)
_HEADS: Mapping[_Kind, dict[str, object]] = MappingProxyType(
    {
        _Kind.TEXT: {"type": "text", "text": ""},
        _Kind.THINKING: {"type": "thinking", "thinking": "", "signature": ""},
    }
)


class _Block(msgspec.Struct, eq=False):
    """A content block; `pieces` are those of a call's arguments, or all while it waits."""

    kind: _Kind
    head: dict[str, object]
    is_waiting: bool = False
    is_closed: bool = False
    pieces: list[str] = msgspec.field(default_factory=list)

    @property
    def can_close(self) -> bool:
        """Whether no further piece has to be expected once one of another block has come."""
        if self.kind is not _Kind.CALL:
            return True
        try:
            msgspec.json.decode("".join(self.pieces), type=dict[str, msgspec.Raw])
        except msgspec.DecodeError:
            return False
        return True


class _StreamError(Exception):
    """The engine's stream is not what it should be."""


class MessageEvents:
    """Chunks in, events out, of one message."""

    __slots__ = (
        "_calls",
        "_ident",
        "_index",
        "_is_over",
        "_last",
        "_model",
        "_open",
        "_out",
        "_reader",
        "_stop",
        "_usage",
        "_waiting",
    )

    def __init__(self, model: str) -> None:
        self._model = model
        self._reader = EventReader()
        self._out: list[bytes] = []
        self._ident = ""
        self._index = 0
        self._open: _Block | None = None
        self._last: _Block | None = None
        self._calls: dict[int | None, _Block] = {}
        self._waiting: list[_Block] = []
        self._stop: dict[str, str | None] | None = None
        self._usage: Usage | None = None
        self._is_over = False

    @property
    def content_type(self) -> bytes:
        """Anthropic's streams are server-sent events."""
        return b"text/event-stream"

    def feed(self, data: bytes) -> bytes:
        """The events that these bytes of the engine's stream tell."""
        if not self._is_over:
            try:
                for event in self._reader.feed(data):
                    self._take(event.data)
            except (_StreamError, EventSizeError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as reason:
                self._break(f"cannot read the engine's stream: {reason}")
        return self._told()

    def end(self) -> bytes:
        """The end of the message; an error when it had not been told before the stream ended."""
        self._finish()
        return self._told()

    def _told(self) -> bytes:
        told = b"".join(self._out)
        self._out.clear()
        return told

    def _take(self, data: bytes) -> None:
        if self._is_over:
            return
        if data == b"[DONE]":
            self._finish()
            return
        chunk = COMPLETION.decode(data)
        if chunk.error is not None or chunk.choices is msgspec.UNSET:
            self._is_over = True
            self._out.append(b"event: error\ndata: %b\n\n" % error_body(error_status(data), data))
            return
        self._usage = chunk.usage or self._usage
        if not self._ident:
            self._ident = message_id(chunk)
            self._write(b"message_start", message=message(self._model, self._ident) | {"usage": usage(chunk.usage)})
        if chunk.choices:
            self._take_choice(chunk.choices[0])
        if self._stop is not None and chunk.usage is not None:
            self._finish()

    def _take_choice(self, choice: Choice) -> None:
        said = choice.delta
        if thinking := said.thinking:
            self._speak(_Kind.THINKING, thinking)
        if text := said.text:
            self._speak(_Kind.TEXT, text)
        for call in said.tool_calls or ():
            self._take_call(call)
        if choice.finish_reason is not None:
            self._close_all()
            self._stop = stop(choice, has_calls=bool(self._calls))

    def _speak(self, kind: _Kind, piece: str) -> None:
        block = self._last
        if block is None or block.kind is not kind:
            block = _Block(kind, _HEADS[kind])
        self._continue(block, piece)

    def _take_call(self, call: ToolCall) -> None:
        block = self._calls.get(call.index)
        # Some engines give every call the same index, and each its own name and identifier.
        if block is None or (call.id and call.function.name and call.id != block.head["id"]):
            if not call.function.name:
                raise _StreamError("a tool call begins without a name")
            block = _Block(_Kind.CALL, tool_use(call, self._ident, len(self._calls), {}))
            self._calls[call.index] = block
        self._continue(block, call.function.arguments or "")

    def _continue(self, block: _Block, piece: str) -> None:
        """Tell a piece of a block, or keep it until its turn comes."""
        self._last = block
        if block.is_closed or self._stop is not None:
            if piece.strip():
                raise _StreamError("a part of the answer goes on after its end")
        elif block is self._open:
            self._delta(block, piece)
        elif self._waiting or not (self._open is None or self._open.can_close):
            if not block.is_waiting:
                block.is_waiting = True
                self._waiting.append(block)
            block.pieces.append(piece)
        else:
            self._close()
            self._start(block)
            self._delta(block, piece)

    def _start(self, block: _Block) -> None:
        self._open = block
        self._write(b"content_block_start", index=self._index, content_block=block.head)

    def _delta(self, block: _Block, piece: str) -> None:
        if not piece:
            return
        if block.kind is _Kind.CALL:
            block.pieces.append(piece)
        self._out.append(_DELTA % (self._index, *block.kind.value, msgspec.json.encode(piece)))

    def _close(self) -> None:
        if self._open is None:
            return
        if self._open.kind is _Kind.THINKING:
            # Anthropic's own streams end thinking so, and there are clients that show it only then.
            self._write(b"content_block_delta", index=self._index, delta={"type": "signature_delta", "signature": ""})
        self._write(b"content_block_stop", index=self._index)
        self._open.is_closed = True
        self._open = None
        self._index += 1

    def _close_all(self) -> None:
        self._close()
        for block in self._waiting:
            self._start(block)
            self._delta(block, "".join(block.pieces))
            self._close()
        self._waiting.clear()

    def _finish(self) -> None:
        if self._is_over:
            return
        if self._stop is None:
            self._break("the engine's stream ended before the message did")
            return
        self._is_over = True
        self._write(b"message_delta", delta=self._stop, usage=usage(self._usage))
        self._write(b"message_stop")

    def _break(self, why: str) -> None:
        self._is_over = True
        self._out.append(fault_event(Fault(HTTPStatus.BAD_GATEWAY, why, "bad_answer"), Shape.ANTHROPIC))

    def _write(self, name: bytes, **members: object) -> None:
        content = {"type": name.decode(), **members}
        self._out.append(b"event: %b\ndata: %b\n\n" % (name, msgspec.json.encode(content)))
