from __future__ import annotations

from typing import Any

import msgspec
import pytest
from anthropic.types import Message, MessageTokensCount

from remuda.gateway.translate.anthropic_reply import whole_count, whole_message

USAGE = {"prompt_tokens": 10, "completion_tokens": 3, "total_tokens": 13}
COUNTED = {
    "input_tokens": 10,
    "cache_creation_input_tokens": 0,
    "cache_read_input_tokens": 0,
    "output_tokens": 3,
}


def completion(said: object, **choice: object) -> bytes:
    choices = [{"index": 0, "finish_reason": "stop", "message": said} | choice]
    return msgspec.json.encode(
        {"id": "chatcmpl-7", "object": "chat.completion", "model": "served", "choices": choices, "usage": USAGE}
    )


def call(name: str, arguments: str, ident: str | None = "call_1") -> dict[str, object]:
    return {"id": ident, "type": "function", "function": {"name": name, "arguments": arguments}}


def message_of(body: bytes) -> dict[str, Any]:
    status, answer = whole_message("m", "", 200, body)
    assert status == 200, answer
    message: dict[str, Any] = msgspec.json.decode(answer)
    Message.model_validate(message, strict=True)
    return message


def error_of(status: int, body: bytes) -> tuple[int, dict[str, Any]]:
    status, answer = whole_message("m", "", status, body)
    return status, msgspec.json.decode(answer)["error"]


def test_a_message() -> None:
    assert message_of(completion({"role": "assistant", "content": "hi", "tool_calls": []})) == {
        "id": "msg_7",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [{"type": "text", "text": "hi"}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": COUNTED,
    }


@pytest.mark.parametrize(
    ("said", "content"),
    [
        ({"content": None}, []),
        ({"content": ""}, []),
        ({"content": None, "refusal": "no"}, [{"type": "text", "text": "no"}]),
        (
            {"content": "hi", "reasoning_content": "hm"},
            [{"type": "thinking", "thinking": "hm", "signature": ""}, {"type": "text", "text": "hi"}],
        ),
        ({"reasoning": "hm"}, [{"type": "thinking", "thinking": "hm", "signature": ""}]),
        (
            {"content": "I look.", "tool_calls": [call("look", '{"at": [1]}'), call("wait", "", None)]},
            [
                {"type": "text", "text": "I look."},
                {"type": "tool_use", "id": "call_1", "name": "look", "input": {"at": [1]}},
                {"type": "tool_use", "id": "toolu_7_1", "name": "wait", "input": {}},
            ],
        ),
    ],
)
def test_content(said: object, content: list[object]) -> None:
    assert message_of(completion(said))["content"] == content


@pytest.mark.parametrize(
    ("choice", "reason", "sequence"),
    [
        ({"finish_reason": "stop"}, "end_turn", None),
        ({"finish_reason": "length"}, "max_tokens", None),
        ({"finish_reason": "tool_calls"}, "tool_use", None),
        ({"finish_reason": "content_filter"}, "refusal", None),
        ({"finish_reason": "stop", "stop_reason": "END"}, "stop_sequence", "END"),
        ({"finish_reason": "stop", "stop_reason": 151645}, "end_turn", None),
        ({"finish_reason": "stop", "matched_stop": "END"}, "stop_sequence", "END"),
        ({"finish_reason": None}, "end_turn", None),
    ],
)
def test_why_it_ended(choice: dict[str, object], reason: str, sequence: str | None) -> None:
    message = message_of(completion({"content": "x"}, **choice))
    assert (message["stop_reason"], message["stop_sequence"]) == (reason, sequence)


def test_calls_end_a_turn_whatever_the_engine_says() -> None:
    assert message_of(completion({"tool_calls": [call("look", "{}")]}))["stop_reason"] == "tool_use"


def test_a_call_that_was_cut_off_is_empty() -> None:
    message = message_of(completion({"tool_calls": [call("look", '{"at": ')]}, finish_reason="length"))
    assert message["content"][0]["input"] == {}
    assert message["stop_reason"] == "max_tokens"


@pytest.mark.parametrize("arguments", ['{"at": ', "[1]", '"x"'])
def test_a_call_with_broken_arguments_is_an_error(arguments: str) -> None:
    status, error = error_of(200, completion({"tool_calls": [call("look", arguments)]}))
    assert (status, error["type"]) == (502, "api_error")
    assert "the arguments of its call of `look` are no JSON object" in error["message"]


@pytest.mark.parametrize(
    ("said", "timings", "told"),
    [
        ("The answer is (B)", {"prompt_n": 1}, [{"type": "text", "text": "B)"}]),
        ("The answer is (", {"prompt_n": 1}, []),
        ("B)", {"prompt_n": 1}, [{"type": "text", "text": "B)"}]),
        ("The answer is (B)", None, [{"type": "text", "text": "The answer is (B)"}]),
    ],
)
def test_a_beginning_that_llama_cpp_repeats_is_not_told_again(said: str, timings: object, told: list[object]) -> None:
    body = msgspec.json.decode(completion({"content": said})) | {"timings": timings}
    _, answer = whole_message("m", "The answer is (", 200, msgspec.json.encode(body))
    assert msgspec.json.decode(answer)["content"] == told


@pytest.mark.parametrize(
    ("usage", "counted"),
    [
        (None, {"input_tokens": 0, "output_tokens": 0, "cache_read_input_tokens": 0}),
        (USAGE | {"prompt_tokens_details": None}, {"input_tokens": 10, "cache_read_input_tokens": 0}),
        (USAGE | {"prompt_tokens_details": {"cached_tokens": 8}}, {"input_tokens": 2, "cache_read_input_tokens": 8}),
    ],
)
def test_counts(usage: object, counted: dict[str, int]) -> None:
    body = msgspec.json.decode(completion({"content": "x"})) | {"usage": usage}
    assert counted.items() <= message_of(msgspec.json.encode(body))["usage"].items()


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"{}", b'{"choices": []}', b'{"choices": [7]}', b"[" * 100_000, b'"\xff"']
)
def test_an_answer_that_is_none(body: bytes) -> None:
    status, error = error_of(200, body)
    assert (status, error["type"]) == (502, "api_error")
    assert error["message"].startswith("cannot read the engine's answer: ")


def test_an_error_keeps_its_status_and_words() -> None:
    body = b'{"error": {"message": "no slot", "type": "unavailable_error", "code": 503}}'
    assert error_of(503, body) == (503, {"type": "overloaded_error", "message": "no slot"})


def test_a_count() -> None:
    status, answer = whole_count(200, b'{"count": 12, "max_model_len": 4096, "tokens": [1, 2]}')
    assert status == 200
    assert MessageTokensCount.model_validate_json(answer, strict=True).input_tokens == 12


@pytest.mark.parametrize(("status", "body", "told"), [(404, b"Not Found", 404), (200, b'{"tokens": []}', 502)])
def test_an_engine_that_cannot_count(status: int, body: bytes, told: int) -> None:
    answered, answer = whole_count(status, body)
    assert answered == told
    assert msgspec.json.decode(answer)["type"] == "error"
