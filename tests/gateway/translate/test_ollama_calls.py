from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from ollama import Message

from remuda.gateway.translate.ollama_answers import CallPart, UnreadableError
from remuda.gateway.translate.ollama_calls import Calls

WEATHER = {"id": "a", "function": {"index": 0, "name": "weather", "arguments": {"city": "Rom"}}}
TIME = {"id": "b", "function": {"index": 1, "name": "time", "arguments": {}}}


def taken(*parts: dict[str, Any]) -> list[dict[str, Any]]:
    calls = Calls()
    for part in parts:
        calls.add([msgspec.convert(part, CallPart)])
    found: list[dict[str, Any]] = json.loads(msgspec.json.encode(calls.take()))
    assert not calls.take()
    for call in found:
        Message.ToolCall.model_validate(call)
    return found


def piece(index: int | None, arguments: str | None = None, name: str | None = None, **more: Any) -> dict[str, Any]:
    return {"index": index, "function": {"name": name, "arguments": arguments}, **more}


@pytest.mark.parametrize(
    ("parts", "calls"),
    [
        ([], []),
        ([piece(0, '{"city":"Rom"}', "weather", id="a")], [WEATHER]),
        ([piece(0, "", "weather", id="a"), piece(0, '{"city'), piece(0, '":"Rom"}')], [WEATHER]),
        (
            [
                piece(1, None, "time", id="b"),
                piece(0, '{"city":', "weather", id="a"),
                piece(1, "{}"),
                piece(0, '"Rom"}'),
            ],
            [WEATHER, TIME],
        ),
        (
            [piece(None, '{"city":', "weather", id="a"), piece(None, '"Rom"}'), piece(None, " ", "time", id="b")],
            [WEATHER, TIME],
        ),
        # Some engines say the name with every piece.
        ([piece(0, '{"city":', "weather", id="a"), piece(0, '"Rom"}', "weather", id="a")], [WEATHER]),
        ([piece(0, None, "f")], [{"function": {"index": 0, "name": "f", "arguments": {}}}]),
    ],
)
def test_pieces_become_calls(parts: list[dict[str, Any]], calls: list[dict[str, Any]]) -> None:
    assert taken(*parts) == calls


@pytest.mark.parametrize("arguments", ['{"city":', "[]", '"x"', "nothing"])
def test_arguments_that_are_no_object_are_not_passed_on(arguments: str) -> None:
    with pytest.raises(UnreadableError, match="`weather`"):
        taken(piece(0, arguments, "weather"))
