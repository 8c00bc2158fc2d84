"""The Response object, and the whole answer made of an engine's whole reply."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec

from remuda.gateway.envelope import echo
from remuda.gateway.shapes import Fault, fault_body
from remuda.gateway.translate.responses_chat import READ, UNREADABLE, Reply, Usage
from remuda.gateway.translate.responses_output import Output
from remuda.gateway.translate.responses_request import Asked


class Head(NamedTuple):
    """What is told of a response from its beginning. `key` is the part that all its ids share."""

    key: str
    created_s: float
    model: str
    settings: Mapping[str, Any]

    @classmethod
    def of(cls, reply: Reply, asked: Asked) -> Head:
        """From an engine's reply, or the first event of its stream, to what was asked."""
        key = reply.id.removeprefix("chatcmpl-") if reply.id else asked.key()
        return cls(key, reply.created or 0, reply.model or asked.model, asked.settings)


class Ending(NamedTuple):
    """How a response stands: its `status`, and why it is `incomplete` or what made it `failed`."""

    status: str
    reason: str | None = None
    error: Mapping[str, str] | None = None

    @property
    def of_item(self) -> str:
        """The status of the last item."""
        return "completed" if self.status == "completed" else "incomplete"


IN_PROGRESS = Ending("in_progress")
_COMPLETED = Ending("completed")
_ENDINGS: Mapping[str, Ending] = MappingProxyType(
    {
        "length": Ending("incomplete", "max_output_tokens"),
        "content_filter": Ending("incomplete", "content_filter"),
    }
)
# vLLM and SGLang end a request with these when they give it up.
_GIVEN_UP = frozenset({"abort", "error"})


def ending(finish_reason: str) -> Ending:
    """How a response stands whose message has ended for this reason."""
    if finish_reason in _GIVEN_UP:
        return failed(f"the engine gave the request up: its finish reason is {echo(finish_reason)}")
    return _ENDINGS.get(finish_reason, _COMPLETED)


def failed(message: str, code: str = "server_error") -> Ending:
    """A failure. `code`: one of those that OpenAI's clients know."""
    return Ending("failed", error={"code": code, "message": message})


def response(head: Head, end: Ending, items: list[dict[str, Any]], usage: Usage | None, tier: str | None) -> Any:
    """The Response object. The time of its completion is not told: no clock is read here."""
    return {
        "id": f"resp_{head.key}",
        "object": "response",
        "created_at": head.created_s,
        "completed_at": None,
        "status": end.status,
        "error": end.error,
        "incomplete_details": {"reason": end.reason} if end.reason else None,
        "model": head.model,
        "output": items,
        "service_tier": tier or "default",
        "usage": _usage(usage) if usage is not None else None,
        **head.settings,
    }


def whole(body: bytes, asked: Asked) -> tuple[int, bytes]:
    """The answer for an engine's reply with status 200."""
    try:
        reply = READ(body)
    except UNREADABLE as reason:
        return _unreadable(str(reason))
    choice = reply.choices[0] if reply.choices else None
    if choice is None or choice.message is None:
        return _unreadable(error_message(reply.error) or "it has no message")
    head = Head.of(reply, asked)
    end = ending(choice.finish_reason or "stop")
    output = Output(head.key)
    output.take(choice.message, choice.tokens)
    output.close(end.of_item)
    return HTTPStatus.OK, msgspec.json.encode(response(head, end, output.items, reply.usage, reply.service_tier))


def error(status: int, body: bytes) -> bytes:
    """An engine's error in OpenAI's shape, with the engine's own words; as it is if it has that shape."""
    try:
        content = msgspec.json.decode(body)
    except UNREADABLE:
        content = body.decode(errors="replace").strip()
    if isinstance(content, dict) and isinstance(content.get("error"), dict):
        return body
    message = error_message(content) or f"the engine answered with status {status}, and without a message"
    kind = "invalid_request_error" if status < HTTPStatus.INTERNAL_SERVER_ERROR else "server_error"
    return msgspec.json.encode({"error": {"message": message, "type": kind, "param": None, "code": None}})


def error_message(content: Any) -> str:
    """The sentence in an engine's error: its `message` or `error`, itself if it is a text, else all of it."""
    match content:
        case str(text) | {"message": str(text)} | {"error": str(text)} | {"detail": str(text)}:
            return text
        case None:
            return ""
        case _:
            return msgspec.json.encode(content).decode()


def _unreadable(why: str) -> tuple[int, bytes]:
    fault = Fault(HTTPStatus.BAD_GATEWAY, f"cannot read the engine's reply: {why}", "bad_reply")
    return fault.status, fault_body(fault)


def _usage(usage: Usage) -> dict[str, Any]:
    prompt, completion = usage.prompt_tokens or 0, usage.completion_tokens or 0
    cached = usage.prompt_tokens_details.cached_tokens if usage.prompt_tokens_details else None
    reasoning = usage.completion_tokens_details.reasoning_tokens if usage.completion_tokens_details else None
    return {
        "input_tokens": prompt,
        "input_tokens_details": {"cached_tokens": cached or 0, "cache_write_tokens": 0},
        "output_tokens": completion,
        "output_tokens_details": {"reasoning_tokens": reasoning or 0},
        "total_tokens": usage.total_tokens if usage.total_tokens is not None else prompt + completion,
    }
