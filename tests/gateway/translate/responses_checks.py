"""Holds what the translator says against the types of the `openai` package, more strictly than the package does."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import BaseModel, TypeAdapter

from remuda.gateway.shapes import Fault
from remuda.gateway.translate import responses
from remuda.gateway.translate.responses import ResponsesTranslation
from remuda.gateway.translate.sse import EventReader

_EVENTS: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
# OpenAI's answers have it, but the package's type has not.
_UNTYPED = {"store"}


def ask(**members: Any) -> ResponsesTranslation:
    translation = responses.translate(msgspec.json.encode({"model": "m", "input": "hello"} | members))
    assert isinstance(translation, ResponsesTranslation), translation
    return translation


def refused(**members: Any) -> Fault:
    fault = responses.translate(msgspec.json.encode({"model": "m", "input": "hello"} | members))
    assert isinstance(fault, Fault), fault
    return fault


def chat(**members: Any) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(ask(**members).body)
    return content


def response(body: bytes) -> dict[str, Any]:
    """The Response object in these bytes, which must be one."""
    content: dict[str, Any] = json.loads(body)
    _check(Response.model_validate_json(body, strict=True))
    return content


def events(stream: bytes) -> list[dict[str, Any]]:
    """The events of a response's stream, without their numbers."""
    told = []
    for number, event in enumerate(EventReader().feed(stream)):
        content: dict[str, Any] = json.loads(event.data)
        _check(_EVENTS.validate_json(event.data, strict=True))
        assert content["type"] == event.name
        assert content.pop("sequence_number") == number
        told.append(content)
    return told


def _check(value: Any) -> None:
    """Nothing that the type does not know, anywhere in it."""
    match value:
        case BaseModel():
            assert set(value.model_extra or {}) <= _UNTYPED, value
            for name in type(value).model_fields:
                _check(getattr(value, name))
        case list():
            for entry in value:
                _check(entry)
        case _:
            pass
