"""Answers that are our own. An error among them keeps its `Fault`, so that it can be put into the protocol of its path.

A status that clients retry by themselves (503) carries `Retry-After` only where trying again can help.

The sentences of residency's refusals are residency's; here they only get a status and the tail of the engine's log.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

import msgspec

from remuda.engines.contract import Failure
from remuda.gateway.shapes import Fault, Shape, fault_body

_LOG_LINES = 10
_RETRY_AFTER_S = 5
_ECHO_CHARS = 200
# Trying again does not mend such an error; the clients of OpenAI and Anthropic would by themselves.
_FINAL = ((b"x-should-retry", b"false"),)


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole response of our own; its body is JSON, in OpenAI's shape if it tells a `fault`."""

    status: int
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()
    fault: Fault | None = None

    def in_shape(self, shape: Shape) -> Answer:
        """The answer as clients of this protocol read it."""
        if self.fault is None or shape is Shape.OPENAI:
            return self
        return Answer(self.status, fault_body(self.fault, shape), self.headers, self.fault)


class Refusal(Protocol):
    """Why residency does not serve a request (`remuda.residency.commands.Refuse` is one)."""

    @property
    def kind(self) -> str:
        """One of `load_failed`, `cannot_fit`, `unloaded`, `shutting_down`, `not_loaded`."""
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


def tell(fault: Fault) -> Answer:
    """The answer that tells a fault."""
    return Answer(fault.status, fault_body(fault), fault.headers, fault)


def error(status: int, message: str, code: str, param: str | None = None) -> Answer:
    """An error as an answer."""
    return tell(Fault(status, message, code, param))


def malformed(message: str) -> Answer:
    """The error of a request that breaks HTTP's rules."""
    return error(HTTPStatus.BAD_REQUEST, message, "malformed_request")


def refused(refusal: Refusal) -> Fault:
    """The answer to a request that residency refuses."""
    match refusal.kind:
        case "load_failed":
            failure = refusal.failure
            code = str(failure.kind) if failure else refusal.kind
            return Fault(HTTPStatus.BAD_GATEWAY, _with_log(refusal.message, failure), code, headers=_FINAL)
        case "cannot_fit":
            return Fault(HTTPStatus.SERVICE_UNAVAILABLE, refusal.message, refusal.kind, headers=_FINAL)
        case "not_loaded":
            return Fault(HTTPStatus.CONFLICT, refusal.message, refusal.kind, headers=_FINAL)
        case kind:
            retry = ((b"retry-after", b"%d" % _RETRY_AFTER_S),)
            return Fault(HTTPStatus.SERVICE_UNAVAILABLE, refusal.message, kind, headers=retry)


def echo(text: str) -> str:
    """A value of the client's, in backticks, as much of it as belongs in a message."""
    return f"`{text}`" if len(text) <= _ECHO_CHARS else f"`{text[:_ECHO_CHARS]}…`"


def _with_log(message: str, failure: Failure | None) -> str:
    if failure is None or not failure.log_tail:
        return message
    return "\n".join((message, "the last lines of its log:", *failure.log_tail[-_LOG_LINES:]))
