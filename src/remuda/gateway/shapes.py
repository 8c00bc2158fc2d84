"""The shape of an error in each protocol that clients speak to us.

A refusal is decided once, as a `Fault`, and put into the words of the path's protocol when it is written: a client of
Anthropic's API that gets OpenAI's shape shows its user `undefined`.

OpenAI: `{"error": {"message", "type", "param", "code"}}`. Anthropic: `{"type": "error", "error": {"type", "message"}}`
(docs.anthropic.com, "Errors"). Ollama: `{"error": "message"}` (docs/api.md of ollama/ollama). Each of ours has
`"source": "remuda"` beside that, which tells it from an engine's; clients skip what they do not know.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType

import msgspec

SOURCE = "remuda"
"""The value of `source` in every error that is ours."""

_ANTHROPIC_TYPES: Mapping[int, str] = MappingProxyType(
    {
        400: "invalid_request_error",
        401: "authentication_error",
        403: "permission_error",
        404: "not_found_error",
        413: "request_too_large",
        429: "rate_limit_error",
        503: "overloaded_error",
        504: "timeout_error",
    }
)


class Shape(enum.Enum):
    """Whose protocol a path belongs to."""

    OPENAI = enum.auto()
    ANTHROPIC = enum.auto()
    OLLAMA = enum.auto()


class Fault(msgspec.Struct, frozen=True):
    """Why a request is not served: the status, a sentence for people, a word for programs, and whose field it is about.

    `headers` go out with the answer: `retry-after`, `www-authenticate`, `allow`.
    """

    status: int
    message: str
    code: str
    param: str | None = None
    headers: tuple[tuple[bytes, bytes], ...] = ()


def fault_body(fault: Fault, shape: Shape = Shape.OPENAI) -> bytes:
    """The body of the answer that tells the fault."""
    return msgspec.json.encode(_content(fault, shape))


def fault_event(fault: Fault, shape: Shape = Shape.OPENAI) -> bytes:
    """The fault as an event of a stream that has already begun with status 200; a line of JSON in Ollama's streams."""
    match shape:
        case Shape.OPENAI:
            return b"data: %b\n\n" % fault_body(fault, shape)
        case Shape.ANTHROPIC:
            return b"event: error\ndata: %b\n\n" % fault_body(fault, shape)
        case Shape.OLLAMA:
            return b"%b\n" % fault_body(fault, shape)


def _content(fault: Fault, shape: Shape) -> dict[str, object]:
    is_clients = fault.status < HTTPStatus.INTERNAL_SERVER_ERROR
    match shape:
        case Shape.OPENAI:
            kind = "invalid_request_error" if is_clients else "server_error"
            error = {"message": fault.message, "type": kind, "param": fault.param, "code": fault.code}
            return {"error": error, "source": SOURCE}
        case Shape.ANTHROPIC:
            kind = _ANTHROPIC_TYPES.get(fault.status, "invalid_request_error" if is_clients else "api_error")
            return {"type": "error", "error": {"type": kind, "message": fault.message}, "source": SOURCE}
        case Shape.OLLAMA:
            return {"error": fault.message, "source": SOURCE}
