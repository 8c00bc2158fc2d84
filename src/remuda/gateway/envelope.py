"""Answers that are our own. An error among them keeps its `Fault`, so that it can be put into the protocol of its path.

A status that clients retry by themselves (503) carries `Retry-After` only where trying again can help.

The sentences of residency's refusals are residency's; here they only get a status and the tail of the engine's log.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType
from typing import Protocol

import msgspec

from remuda.engines.contract import Failure
from remuda.gateway.shapes import Fault, Shape, fault_body

_LOG_LINES = 10
_RETRY_AFTER_S = 5
_ECHO_CHARS = 200
_STATUSES: Mapping[str, int] = MappingProxyType(
    {
        "load_failed": HTTPStatus.BAD_GATEWAY,
        "given_up": HTTPStatus.BAD_GATEWAY,
        "not_loaded": HTTPStatus.CONFLICT,
        "removed": HTTPStatus.NOT_FOUND,
    }
)
# What is over in a moment, as far as anybody knows.
_PASSING = ("unloaded", "shutting_down")
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
        """A kind of refusal, as in `remuda.residency.commands.RefusalKind`."""
        ...

    @property
    def message(self) -> str:
        """What to tell the client."""
        ...

    @property
    def failure(self) -> Failure | None:
        """Why the load failed, when it did."""
        ...

    @property
    def retry_after_s(self) -> float | None:
        """When it may be worth another try; None: nobody knows."""
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
    failure = refusal.failure
    code = str(failure.kind) if failure and refusal.kind == "load_failed" else refusal.kind
    status = _STATUSES.get(refusal.kind, HTTPStatus.SERVICE_UNAVAILABLE)
    return Fault(status, _with_log(refusal.message, failure), code, headers=_retry(refusal))


def _retry(refusal: Refusal) -> tuple[tuple[bytes, bytes], ...]:
    """When to come back, or that it is of no use."""
    if refusal.retry_after_s is not None:
        return ((b"retry-after", b"%d" % max(1, math.ceil(refusal.retry_after_s))),)
    return ((b"retry-after", b"%d" % _RETRY_AFTER_S),) if refusal.kind in _PASSING else _FINAL


def echo(text: str) -> str:
    """A value of the client's, in backticks, as much of it as belongs in a message."""
    return f"`{text}`" if len(text) <= _ECHO_CHARS else f"`{text[:_ECHO_CHARS]}…`"


def _with_log(message: str, failure: Failure | None) -> str:
    if failure is None or not failure.log_tail:
        return message
    return "\n".join((message, "the last lines of its log:", *failure.log_tail[-_LOG_LINES:]))
