"""The way back of `/api/chat` and `/api/generate`: whole answers as JSON, streams as one JSON object a line.

The last line, and a whole answer, tell how long it took, in nanoseconds. An engine with `timings` (llama.cpp) says it
itself, and what is left of the time was loading and waiting. Otherwise the clock tells of a stream: until its beginning
is loading, until its first token is the prompt. Of a whole answer it cannot: all of its time is told as generating.

`done_reason` is `stop` or `length` as in Ollama, whose `stop` includes calls of tools; an engine's other words stay.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import msgspec

from remuda.gateway.shapes import Shape, fault_event
from remuda.gateway.translate.ollama_answers import (
    Answer,
    Choice,
    Timings,
    UnreadableError,
    Usage,
    bad_answer,
    error_message,
    failure,
    missing,
    read,
    unreadable,
)
from remuda.gateway.translate.ollama_calls import Calls
from remuda.gateway.translate.sse import Event, EventReader, EventSizeError

Clock = Callable[[], float]
"""Seconds since 1970."""

_NS = 1_000_000_000
_NS_OF_MS = 1_000_000
_STOPS = ("tool_calls", "function_call")


def timestamp(at: float) -> datetime:
    """An instant as it is written in JSON: `2026-01-31T12:00:00Z`."""
    return datetime.fromtimestamp(at, UTC)


class Reply(msgspec.Struct, frozen=True):
    """How an answer is told to the client.

    `model`: the name that the client wrote. `is_chat`: whether it asked `/api/chat`. `began`: when it asked.
    """

    model: str
    is_chat: bool
    now: Clock
    began: float

    def part(self, choice: Choice, calls: list[dict[str, Any]]) -> dict[str, Any]:
        """A piece of the answer, or the whole."""
        said = choice.said
        text: dict[str, Any] = {"role": "assistant"} if self.is_chat else {}
        text["content" if self.is_chat else "response"] = said.content or ""
        if said.thinking:
            text["thinking"] = said.thinking
        if calls:
            text["tool_calls"] = calls
        found = {"model": self.model, "created_at": timestamp(self.now()), "done": False}
        found |= {"message": text} if self.is_chat else text
        if choice.tokens:
            found["logprobs"] = choice.tokens
        return found


class Spent(msgspec.Struct, frozen=True):
    """Seconds from the request on: until the engine began to answer, until its first token, until its end."""

    opened_s: float
    first_s: float
    total_s: float


def done(reason: str | None, usage: Usage | None, timings: Timings | None, spent: Spent) -> dict[str, Any]:
    """What the end of an answer tells. Tokens that the engine has not counted are not told."""
    found: dict[str, Any] = {"done": True, "done_reason": "stop" if reason in _STOPS else reason or "stop"}
    found |= _durations_ns(timings or Timings(), spent)
    if usage and usage.prompt_tokens is not None:
        found["prompt_eval_count"] = usage.prompt_tokens
    if usage and usage.completion_tokens is not None:
        found["eval_count"] = usage.completion_tokens
    return found


def _durations_ns(timings: Timings, spent: Spent) -> dict[str, int]:
    total = int(spent.total_s * _NS)
    if timings.prompt_ms is not None and timings.predicted_ms is not None:
        prompt, predicted = int(timings.prompt_ms * _NS_OF_MS), int(timings.predicted_ms * _NS_OF_MS)
        load = max(total - prompt - predicted, 0)
    else:
        load, prompt = int(spent.opened_s * _NS), int((spent.first_s - spent.opened_s) * _NS)
        predicted = total - load - prompt
    return {
        "total_duration": total,
        "load_duration": load,
        "prompt_eval_duration": prompt,
        "eval_duration": predicted,
    }


def whole(reply: Reply, status: int, body: bytes) -> tuple[int, bytes]:
    """The client's answer from the engine's."""
    if status >= HTTPStatus.BAD_REQUEST:
        return failure(status, body)
    calls = Calls()
    try:
        answer = read(body)
        choice = answer.choice or Choice()
        calls.add(choice.said.tool_calls or ())
        part = reply.part(choice, calls.take())
    except UnreadableError as reason:
        return unreadable(str(reason))
    if answer.choice is None:
        return missing("choices", answer, body)
    total_s = max(reply.now() - reply.began, 0.0)
    part |= done(choice.finish_reason, answer.usage, answer.timings, Spent(0.0, 0.0, total_s))
    return status, msgspec.json.encode(part)


class Lines:
    """Translates a stream of chunks to lines."""

    content_type = b"application/x-ndjson"

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self._events = EventReader()
        self._calls = Calls()
        self._opened_s = self._age_s()
        self._first_s: float | None = None
        self._reason: str | None = None
        self._usage: Usage | None = None
        self._timings: Timings | None = None
        self._is_over = False

    def feed(self, data: bytes) -> bytes:
        """The lines for these bytes; nothing after an error or the end."""
        if self._is_over:
            return b""
        try:
            return b"".join([self._line(event) for event in self._events.feed(data)])
        except EventSizeError as reason:
            return self._broken(str(reason))

    def end(self) -> bytes:
        """The last line, of an engine that has said why it stopped but not `[DONE]`; otherwise an error."""
        if self._is_over:
            return b""
        return self._done() if self._reason else self._broken("the engine's answer was cut short")

    def _line(self, event: Event) -> bytes:
        if self._is_over:
            return b""
        if event.data == b"[DONE]":
            return self._done()
        try:
            chunk = read(event.data)
            if chunk.is_error:
                return self._over(
                    _line({"error": error_message(event.data) or "the engine failed and does not say why"})
                )
            return self._chunk(chunk)
        except UnreadableError as reason:
            return self._broken(str(reason))

    def _chunk(self, chunk: Answer) -> bytes:
        self._usage = chunk.usage or self._usage
        self._timings = chunk.timings or self._timings
        choice = chunk.choice
        return self._told(choice) if choice else b""

    def _told(self, choice: Choice) -> bytes:
        said = choice.said
        self._calls.add(said.tool_calls or ())
        self._reason = choice.finish_reason or self._reason
        calls = self._calls.take() if self._reason else []
        if not (said.content or said.thinking or calls or choice.tokens):
            return b""
        if self._first_s is None:
            self._first_s = self._age_s()
        return _line(self._reply.part(choice, calls))

    def _done(self) -> bytes:
        total_s = self._age_s()
        first_s = total_s if self._first_s is None else self._first_s
        last = self._reply.part(Choice(), [])
        last |= done(self._reason, self._usage, self._timings, Spent(self._opened_s, first_s, total_s))
        return self._over(_line(last))

    def _broken(self, message: str) -> bytes:
        return self._over(fault_event(bad_answer(message), Shape.OLLAMA))

    def _over(self, last: bytes) -> bytes:
        self._is_over = True
        return last

    def _age_s(self) -> float:
        # The clock is the wall's, which may be set back.
        return max(self._reply.now() - self._reply.began, 0.0)


def _line(content: dict[str, Any]) -> bytes:
    return msgspec.json.encode(content) + b"\n"
