"""The output items of a response, built from the deltas of an engine's message, and the events that tell of them.

Texts follow each other: when the message goes on with another kind (reasoning, text, refusal), the item before is
done. Function calls stay open until the end, since engines may send the arguments of several in turns. Whole replies
are built the same way, so that a client gets the same items whether it streams or not.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from remuda.gateway.translate.responses_chat import Delta, Token, ToolCall

Event = dict[str, Any]
"""An event of the stream, but for its sequence number."""


class _Kind(NamedTuple):
    """A kind of text: the prefix of its items' ids, the type of its part, that part's member, its events' name."""

    prefix: str
    part: str
    member: str
    event: str


_REASONING = _Kind("rs", "reasoning_text", "text", "response.reasoning_text")
_TEXT = _Kind("msg", "output_text", "text", "response.output_text")
_REFUSAL = _Kind("msg", "refusal", "refusal", "response.refusal")


class Output:
    """All items. `key` goes into their ids, and tells them from those of other responses."""

    __slots__ = ("_calls", "_items", "_key", "_last_call", "_open")

    def __init__(self, key: str) -> None:
        self._key = key
        self._items: list[_Text | _Call] = []
        self._open: _Text | None = None
        self._calls: dict[int, _Call] = {}
        self._last_call = -1

    @property
    def items(self) -> list[dict[str, Any]]:
        """The items as they are now."""
        return [item.told() for item in self._items]

    def take(self, delta: Delta, tokens: list[Token]) -> list[Event]:
        """The events of a delta, and of the tokens that its content consists of, when they are told."""
        events: list[Event] = []
        if reasoning := delta.reasoning_content or delta.reasoning:
            self._write(_REASONING, reasoning, [], events)
        if delta.content:
            self._write(_TEXT, delta.content, tokens, events)
        if delta.refusal:
            self._write(_REFUSAL, delta.refusal, [], events)
        for call in delta.tool_calls or ():
            self._call(call, events)
        return events

    def close(self, status: str) -> list[Event]:
        """The message is over: the events of what is still open. `status` is that of the last item."""
        events: list[Event] = []
        for item in self._items:
            events += item.close(status if item is self._items[-1] else "completed")
        self._open = None
        return events

    def _write(self, kind: _Kind, text: str, tokens: list[Token], events: list[Event]) -> None:
        item = self._open
        if item is None or item.kind is not kind:
            events += self._close_text()
            item = self._open = _Text(kind, self._key, len(self._items))
            self._items.append(item)
            events += item.begin()
        events.append(item.write(text, tokens))

    def _call(self, piece: ToolCall, events: list[Event]) -> None:
        index = piece.index
        if index is None:
            # Without an index, a name begins a call.
            index = self._last_call + 1 if piece.function.name or self._last_call < 0 else self._last_call
        self._last_call = max(self._last_call, index)
        call = self._calls.get(index)
        if call is None:
            events += self._close_text()
            call = self._calls[index] = _Call(piece, self._key, len(self._items))
            self._items.append(call)
            events.append(call.begin())
        if piece.function.arguments:
            events.append(call.write(piece.function.arguments))

    def _close_text(self) -> list[Event]:
        item, self._open = self._open, None
        return item.close("completed") if item is not None else []


class _Text:
    """An item with one text: reasoning, or a message."""

    __slots__ = ("_at", "_id", "_pieces", "_status", "_tokens", "kind")

    def __init__(self, kind: _Kind, key: str, index: int) -> None:
        self.kind = kind
        self._id = f"{kind.prefix}_{key}_{index}"
        self._at = {"item_id": self._id, "output_index": index, "content_index": 0}
        self._pieces: list[str] = []
        self._tokens: list[Token] = []
        self._status = "in_progress"

    def told(self) -> dict[str, Any]:
        content = [self._part("".join(self._pieces))] if self._pieces else []
        item = {"id": self._id, "status": self._status, "content": content}
        if self.kind is _REASONING:
            return item | {"type": "reasoning", "summary": []}
        return item | {"type": "message", "role": "assistant"}

    def begin(self) -> list[Event]:
        return [
            _of_item("response.output_item.added", self._at["output_index"], self.told()),
            {"type": "response.content_part.added", **self._at, "part": self._part("")},
        ]

    def write(self, text: str, tokens: list[Token]) -> Event:
        self._pieces.append(text)
        self._tokens += tokens
        event = {"type": f"{self.kind.event}.delta", **self._at, "delta": text}
        return event | {"logprobs": _in_event(tokens)} if self.kind is _TEXT else event

    def close(self, status: str) -> list[Event]:
        if self._status != "in_progress":
            return []
        self._status = status
        item = self.told()
        part = item["content"][0]
        done = {"type": f"{self.kind.event}.done", **self._at, self.kind.member: part[self.kind.member]}
        return [
            done | {"logprobs": _in_event(self._tokens)} if self.kind is _TEXT else done,
            {"type": "response.content_part.done", **self._at, "part": part},
            _of_item("response.output_item.done", self._at["output_index"], item),
        ]

    def _part(self, text: str) -> dict[str, Any]:
        part = {"type": self.kind.part, self.kind.member: text}
        return part | {"annotations": [], "logprobs": _in_part(self._tokens)} if self.kind is _TEXT else part


class _Call:
    """A function call."""

    __slots__ = ("_at", "_call_id", "_name", "_pieces", "_status")

    def __init__(self, first: ToolCall, key: str, index: int) -> None:
        self._at = {"item_id": f"fc_{key}_{index}", "output_index": index}
        self._call_id = first.id or f"call_{key}_{index}"
        self._name = first.function.name or ""
        self._pieces: list[str] = []
        self._status = "in_progress"

    def told(self) -> dict[str, Any]:
        item = {"id": self._at["item_id"], "type": "function_call", "status": self._status}
        return item | {"call_id": self._call_id, "name": self._name, "arguments": "".join(self._pieces)}

    def begin(self) -> Event:
        return _of_item("response.output_item.added", self._at["output_index"], self.told())

    def write(self, arguments: str) -> Event:
        self._pieces.append(arguments)
        return {"type": "response.function_call_arguments.delta", **self._at, "delta": arguments}

    def close(self, status: str) -> list[Event]:
        if self._status != "in_progress":
            return []
        self._status = status
        item = self.told()
        return [
            {"type": "response.function_call_arguments.done", **self._at, "arguments": item["arguments"]},
            _of_item("response.output_item.done", self._at["output_index"], item),
        ]


def _of_item(event: str, index: Any, item: dict[str, Any]) -> Event:
    return {"type": event, "output_index": index, "item": item}


def _in_part(tokens: list[Token]) -> list[dict[str, Any]]:
    return [_with_bytes(token) | {"top_logprobs": list(map(_with_bytes, token.top_logprobs or ()))} for token in tokens]


def _in_event(tokens: list[Token]) -> list[dict[str, Any]]:
    """As in a part, but for the bytes."""
    return [_bare(token) | {"top_logprobs": list(map(_bare, token.top_logprobs or ()))} for token in tokens]


def _with_bytes(token: Token) -> dict[str, Any]:
    return _bare(token) | {"bytes": token.bytes if token.bytes is not None else list(token.token.encode())}


def _bare(token: Token) -> dict[str, Any]:
    return {"token": token.token, "logprob": token.logprob}
