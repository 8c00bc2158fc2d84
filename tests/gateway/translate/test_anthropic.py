from __future__ import annotations

import msgspec

from remuda.gateway.shapes import Fault
from remuda.gateway.translate import anthropic
from remuda.gateway.translation import Translation

HI = {"role": "user", "content": "hi"}


def of_message(**members: object) -> Translation:
    body = msgspec.json.encode({"model": "m", "max_tokens": 9, "messages": [HI]} | members)
    translation = anthropic.translate(bytearray(body))
    assert not isinstance(translation, Fault)
    return translation


def test_a_request_for_a_message() -> None:
    translation = of_message(stream=True)
    assert translation.path == b"/v1/chat/completions"
    assert translation.is_stream
    assert msgspec.json.decode(translation.body) == {
        "model": "m",
        "max_tokens": 9,
        "messages": [HI],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    assert not of_message().is_stream


def test_the_way_back() -> None:
    translation = of_message()
    status, body = translation.whole(200, b'{"choices": [{"message": {"content": "x"}, "finish_reason": "stop"}]}')
    assert (status, msgspec.json.decode(body)["model"]) == (200, "m")
    events = translation.events()
    assert events.content_type == b"text/event-stream"
    assert b'"model":"m"' in events.feed(b'data: {"choices": []}\n\n')


def test_a_request_for_a_count() -> None:
    tool = {"name": "f", "input_schema": {}}
    body = {"model": "m", "system": "x", "messages": [HI], "tools": [tool], "thinking": {"type": "disabled"}}
    translation = anthropic.translate_count(
        msgspec.json.encode(body | {"tool_choice": {"type": "auto"}, "output_config": {"effort": "low"}})
    )
    assert not isinstance(translation, Fault)
    assert translation.path == b"/tokenize"
    assert not translation.is_stream
    assert msgspec.json.decode(translation.body) == {
        "model": "m",
        "messages": [{"role": "system", "content": "x"}, HI],
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}],
        "chat_template_kwargs": {"enable_thinking": False},
    }
    assert translation.whole(200, b'{"count": 7}') == (200, b'{"input_tokens":7}')
    assert translation.events().end().startswith(b"event: error\n")


def test_a_request_that_cannot_be_translated() -> None:
    assert isinstance(anthropic.translate(b"{}"), Fault)
    assert isinstance(anthropic.translate_count(b"{}"), Fault)
