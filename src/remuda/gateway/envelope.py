"""Answers that are our own, and the shape of every error among them: OpenAI's, so that every client can read it.

`{"error": {"message", "type", "param", "code"}, "source": "remuda"}`: `source` tells our errors from an engine's. A
status that clients retry by themselves (503) carries `Retry-After` only where trying again can help.

The sentences of residency's refusals are residency's; here they only get a status and the tail of the engine's log.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

import msgspec

from remuda.engines.contract import Failure

SOURCE = "remuda"
"""The value of `source` in every error that is ours."""

_LOG_LINES = 10
_RETRY_AFTER_S = 5
_ECHO_CHARS = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole response of our own; its body is JSON."""

    status: int
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()


class Refusal(Protocol):
    """Why residency does not serve a request (`remuda.residency.commands.Refuse` is one)."""

    @property
    def kind(self) -> str:
        """One of `load_failed`, `cannot_fit`, `unloaded`, `shutting_down`."""
        ...

    @property
    def message(self) -> str:
        """What to tell the client."""
        ...

    @property
    def failure(self) -> Failure | None:
        """Why the load failed, when it did."""
        ...


def json_answer(content: object, status: int = HTTPStatus.OK) -> Answer:
    """An answer with this content."""
    return Answer(status, msgspec.json.encode(content))


def error_body(status: int, message: str, code: str, param: str | None = None) -> bytes:
    """An error in OpenAI's shape; its `type` says whose fault it is, its `code` what it is."""
    kind = "invalid_request_error" if status < HTTPStatus.INTERNAL_SERVER_ERROR else "server_error"
    error = {"message": message, "type": kind, "param": param, "code": code}
    return msgspec.json.encode({"error": error, "source": SOURCE})


def error(status: int, message: str, code: str, param: str | None = None) -> Answer:
    """An error as an answer."""
    return Answer(status, error_body(status, message, code, param))


def malformed(message: str) -> Answer:
    """The error of a request that breaks HTTP's rules."""
    return error(HTTPStatus.BAD_REQUEST, message, "malformed_request")


def error_event(message: str, code: str) -> bytes:
    """An error as an event of a stream that has already begun with status 200."""
    return b"data: %b\n\n" % error_body(HTTPStatus.BAD_GATEWAY, message, code)


def refused(refusal: Refusal) -> Answer:
    """The answer to a request that residency refuses."""
    match refusal.kind:
        case "load_failed":
            failure = refusal.failure
            code = str(failure.kind) if failure else refusal.kind
            return _final(HTTPStatus.BAD_GATEWAY, _with_log(refusal.message, failure), code)
        case "cannot_fit":
            return _final(HTTPStatus.SERVICE_UNAVAILABLE, refusal.message, refusal.kind)
        case kind:
            retry = ((b"retry-after", b"%d" % _RETRY_AFTER_S),)
            status = HTTPStatus.SERVICE_UNAVAILABLE
            return Answer(status, error_body(status, refusal.message, kind), retry)


def _final(status: int, message: str, code: str) -> Answer:
    """An error that trying again does not mend; the clients of OpenAI and Anthropic would by themselves."""
    return Answer(status, error_body(status, message, code), ((b"x-should-retry", b"false"),))


def echo(text: str) -> str:
    """A value of the client's, in backticks, as much of it as belongs in a message."""
    return f"`{text}`" if len(text) <= _ECHO_CHARS else f"`{text[:_ECHO_CHARS]}…`"


def _with_log(message: str, failure: Failure | None) -> str:
    if failure is None or not failure.log_tail:
        return message
    return "\n".join((message, "the last lines of its log:", *failure.log_tail[-_LOG_LINES:]))
