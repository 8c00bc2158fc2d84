"""Errors of engines, put as Anthropic's API says them.

An error keeps the engine's words. The one change: that of a prompt which does not fit begins as Anthropic's does, with
`prompt is too long`, by which agents know that they have to compact their history.
"""

from __future__ import annotations

from http import HTTPStatus

import msgspec

from remuda.gateway.shapes import Fault, Shape, fault_body

# llama.cpp's type, OpenAI's code, and the words of vLLM and SGLang.
_TOO_LONG = (b"exceed_context_size", b"context_length_exceeded", b"maximum context length", b"model's context length")
_SHOWN_BYTES = 4000
_STATUSES = range(400, 600)


def error_body(status: int, body: bytes) -> bytes:
    """An engine's error in Anthropic's shape."""
    said = engine_message(body) or f"the engine answered with status {status} and said nothing"
    if any(sign in body for sign in _TOO_LONG):
        said = f"prompt is too long: {said}"
    content = msgspec.json.decode(fault_body(Fault(status, said, ""), Shape.ANTHROPIC))
    # Only our own errors have it.
    del content["source"]
    return msgspec.json.encode(content)


def error_status(body: bytes) -> int:
    """The status that an error in a stream stands for."""
    content = _json(body)
    inner = content.get("error", content) if isinstance(content, dict) else None
    code = inner.get("code") if isinstance(inner, dict) else None
    return code if isinstance(code, int) and code in _STATUSES else HTTPStatus.INTERNAL_SERVER_ERROR


def engine_message(body: bytes) -> str:
    """The words of an engine's error: in OpenAI's shape, vLLM's older one, FastAPI's, or as bare text."""
    match _json(body):
        case (
            {"error": {"message": str(words)}}
            | {"error": str(words)}
            | {"message": str(words)}
            | {"detail": str(words)}
        ):
            return words
    return body[:_SHOWN_BYTES].decode(errors="replace").strip()


def _json(body: bytes) -> object:
    try:
        content: object = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return content
