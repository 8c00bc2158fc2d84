"""The events of a response, made of an engine's stream of chat completions as it passes.

The end is told once the stream is over, not at the finish reason, since the usage comes after it. A stream that breaks
off, tells an error or cannot be read ends in `response.failed`, with what there is of the output; what follows is not
looked at.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import msgspec

from remuda.gateway.translate import sse
from remuda.gateway.translate.responses_chat import READ, UNREADABLE, Choice, Reply, Usage
from remuda.gateway.translate.responses_output import Event, Output
from remuda.gateway.translate.responses_reply import IN_PROGRESS, Ending, Head, ending, error_message, failed, response
from remuda.gateway.translate.responses_request import Asked

_ENCODE = msgspec.json.Encoder().encode


class Events:
    """Translates one stream: a `remuda.gateway.translation.EventTranslation`."""

    __slots__ = ("_asked", "_begun", "_end", "_is_over", "_reader", "_sequence", "_tier", "_told", "_usage")

    content_type = b"text/event-stream"

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._reader = sse.EventReader()
        self._begun: tuple[Head, Output] | None = None
        self._usage: Usage | None = None
        self._tier: str | None = None
        self._end: Ending | None = None
        self._is_over = False
        self._sequence = 0
        self._told: list[bytes] = []

    def feed(self, data: bytes) -> bytes:
        """The events that can be told now."""
        if self._is_over:
            return b""
        try:
            for event in self._reader.feed(data):
                self._take(event.data)
        except sse.EventSizeError as reason:
            self._finish(_unreadable(reason))
        return self._flush()

    def end(self) -> bytes:
        """The last event, unless it has been told."""
        self._finish()
        return self._flush()

    def _take(self, data: bytes) -> None:
        if data == b"[DONE]":
            self._finish()
            return
        try:
            reply = READ(data)
        except UNREADABLE as reason:
            self._finish(_unreadable(reason))
            return
        if reply.error:
            self._finish(_failure(reply.error))
        elif not self._is_over:
            _, output = self._begun or self._begin(reply)
            self._usage = reply.usage or self._usage
            self._tier = reply.service_tier or self._tier
            for choice in reply.choices or ():
                self._choice(choice, output)

    def _choice(self, choice: Choice, output: Output) -> None:
        if choice.delta is not None:
            self._tell(output.take(choice.delta, choice.tokens))
        if choice.finish_reason:
            self._end = ending(choice.finish_reason)
            self._tell(output.close(self._end.of_item))

    def _begin(self, reply: Reply) -> tuple[Head, Output]:
        head = Head.of(reply, self._asked)
        self._begun = head, Output(head.key)
        begun = response(head, IN_PROGRESS, [], None, None)
        self._tell([{"type": f"response.{name}", "response": begun} for name in ("created", "in_progress")])
        return self._begun

    def _finish(self, failure: Ending | None = None) -> None:
        if self._is_over:
            return
        self._is_over = True
        head, output = self._begun or self._begin(Reply())
        end = failure or self._end or failed("the engine's stream ended before its message did")
        self._tell(output.close(end.of_item))
        final = response(head, end, output.items, self._usage, self._tier)
        self._tell([{"type": f"response.{end.status}", "response": final}])

    def _tell(self, events: list[Event]) -> None:
        for event in events:
            event["sequence_number"] = self._sequence
            self._sequence += 1
            self._told.append(b"event: %b\ndata: %b\n\n" % (event["type"].encode(), _ENCODE(event)))

    def _flush(self) -> bytes:
        told = b"".join(self._told)
        self._told.clear()
        return told


def _unreadable(reason: Exception) -> Ending:
    return failed(f"cannot read the engine's stream: {reason}")


def _failure(error: Any) -> Ending:
    status = error.get("code") if isinstance(error, dict) else None
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return failed(error_message(error), "rate_limit_exceeded")
    is_clients = isinstance(status, int) and HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    return failed(error_message(error), "invalid_prompt" if is_clients else "server_error")
