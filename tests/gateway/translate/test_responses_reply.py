from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from tests.gateway.translate.responses_checks import ask, response

CALL = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a":1}'}}
USAGE = {
    "prompt_tokens": 10,
    "completion_tokens": 5,
    "total_tokens": 15,
    "prompt_tokens_details": {"cached_tokens": 4},
    "completion_tokens_details": {"reasoning_tokens": 2},
}
TOLD_USAGE = {
    "input_tokens": 10,
    "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 0},
    "output_tokens": 5,
    "output_tokens_details": {"reasoning_tokens": 2},
    "total_tokens": 15,
}


def reply(message: dict[str, Any], finish: str | None = "stop", **members: Any) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant"} | message, "finish_reason": finish}
    head = {"id": "chatcmpl-7", "object": "chat.completion", "created": 1700000000, "model": "engine-name"}
    return response(answer(head | {"choices": [choice]} | members))


def answer(content: dict[str, Any]) -> bytes:
    status, body = ask().whole(200, msgspec.json.encode(content))
    assert status == 200
    return body


def message(text: str, index: int = 0, status: str = "completed") -> dict[str, Any]:
    part = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    item = {"id": f"msg_7_{index}", "type": "message", "role": "assistant", "status": status}
    return item | {"content": [part]}


def reasoning(text: str, status: str = "completed") -> dict[str, Any]:
    content = [{"type": "reasoning_text", "text": text}]
    return {"id": "rs_7_0", "type": "reasoning", "status": status, "summary": [], "content": content}


def call(index: int, call_id: str, status: str = "completed") -> dict[str, Any]:
    item = {"id": f"fc_7_{index}", "type": "function_call", "status": status, "call_id": call_id}
    return item | {"name": "add", "arguments": '{"a":1}'}


@pytest.mark.parametrize(
    ("given", "output"),
    [
        ({"content": "hi", "tool_calls": None, "refusal": None}, [message("hi")]),
        ({"content": ""}, []),
        ({"content": None}, []),
        ({"content": "hi", "reasoning_content": "hm"}, [reasoning("hm"), message("hi", 1)]),
        ({"content": "hi", "reasoning": "hm"}, [reasoning("hm"), message("hi", 1)]),
        ({"content": None, "tool_calls": [CALL]}, [call(0, "c1")]),
        (
            {"content": "hi", "tool_calls": [CALL, CALL | {"id": ""}]},
            [message("hi"), call(1, "c1"), call(2, "call_7_2")],
        ),
        (
            {"refusal": "no"},
            [message("") | {"content": [{"type": "refusal", "refusal": "no"}]}],
        ),
    ],
)
def test_a_message_becomes_items(given: dict[str, Any], output: list[dict[str, Any]]) -> None:
    told = reply(given)
    assert told["output"] == output
    assert told["status"] == "completed"


@pytest.mark.parametrize(
    ("finish", "status", "reason"),
    [
        ("stop", "completed", None),
        ("tool_calls", "completed", None),
        (None, "completed", None),
        ("length", "incomplete", "max_output_tokens"),
        ("content_filter", "incomplete", "content_filter"),
    ],
)
def test_how_it_ended(finish: str | None, status: str, reason: str | None) -> None:
    told = reply({"content": "hi", "reasoning_content": "hm"}, finish)
    assert told["status"] == status
    assert told["incomplete_details"] == ({"reason": reason} if reason else None)
    assert told["error"] is None
    assert told["output"] == [reasoning("hm"), message("hi", 1, status)]


@pytest.mark.parametrize("finish", ["abort", "error"])
def test_an_engine_that_gives_up_has_failed(finish: str) -> None:
    told = reply({"content": "hi"}, finish)
    assert told["status"] == "failed"
    sentence = f"the engine gave the request up: its finish reason is `{finish}`"
    assert told["error"] == {"code": "server_error", "message": sentence}
    assert told["output"] == [message("hi", status="incomplete")]


@pytest.mark.parametrize(
    ("usage", "told"),
    [
        (None, None),
        (USAGE, TOLD_USAGE),
        (
            {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": None, "prompt_tokens_details": None},
            {
                "input_tokens": 1,
                "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
                "output_tokens": 2,
                "output_tokens_details": {"reasoning_tokens": 0},
                "total_tokens": 3,
            },
        ),
    ],
)
def test_usage(usage: dict[str, Any] | None, told: dict[str, Any] | None) -> None:
    assert reply({"content": "hi"}, usage=usage)["usage"] == told


def test_what_the_engine_says_of_itself() -> None:
    told = reply({"content": "hi"}, service_tier="flex")
    assert [told[name] for name in ("id", "created_at", "model", "service_tier")] == [
        *("resp_7", 1700000000, "engine-name", "flex"),
    ]


def test_an_engine_that_says_nothing_of_itself_gets_an_id_from_the_request() -> None:
    content = {"choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}]}
    told = response(answer(content))
    assert told["id"] == response(answer(content))["id"]
    assert told["id"].startswith("resp_")
    assert (told["model"], told["created_at"]) == ("m", 0)
    assert told["output"][0]["id"] == told["id"].replace("resp_", "msg_") + "_0"
    other = ask(input="other").whole(200, msgspec.json.encode(content))[1]
    assert response(other)["id"] != told["id"]


def test_log_probabilities() -> None:
    token = {"token": "é", "logprob": -0.5, "top_logprobs": [{"token": "a", "logprob": -1.0, "bytes": [97]}]}
    choice = {"message": {"content": "é"}, "finish_reason": "stop", "logprobs": {"content": [token]}}
    (item,) = response(answer({"choices": [choice]}))["output"]
    assert item["content"][0]["logprobs"] == [
        {
            "token": "é",
            "logprob": -0.5,
            "bytes": [0xC3, 0xA9],
            "top_logprobs": [{"token": "a", "logprob": -1.0, "bytes": [97]}],
        }
    ]


@pytest.mark.parametrize(
    "body", [b"", b"no", b"[]", b'{"choices": []}', b'{"choices": [{}]}', b'{"choices": 1}', b"\xff"]
)
def test_a_reply_that_cannot_be_read(body: bytes) -> None:
    status, told = ask().whole(200, body)
    error = json.loads(told)["error"]
    assert (status, error["type"], error["code"]) == (502, "server_error", "bad_reply")
    assert error["message"].startswith("cannot read the engine's reply: ")


def test_a_reply_that_tells_an_error_although_its_status_does_not() -> None:
    status, told = ask().whole(200, b'{"error": {"message": "out of memory"}}')
    assert status == 502
    assert json.loads(told)["error"]["message"] == "cannot read the engine's reply: out of memory"


def test_an_error_in_openais_shape_passes_as_it_is() -> None:
    body = b'{"error": {"message": "too long", "type": "BadRequestError", "code": 400}, "extra": 1}'
    assert ask(stream=True).whole(400, body) == (400, body)


@pytest.mark.parametrize(
    ("status", "body", "kind", "message"),
    [
        (400, b'{"object": "error", "message": "too long", "code": 400}', "invalid_request_error", "too long"),
        (404, b'{"detail": "Not Found"}', "invalid_request_error", "Not Found"),
        (500, b'{"error": "broken"}', "server_error", "broken"),
        (500, b"Internal Server Error\n", "server_error", "Internal Server Error"),
        (422, b'{"detail": [1]}', "invalid_request_error", '{"detail":[1]}'),
        (503, b"", "server_error", "the engine answered with status 503, and without a message"),
        (503, b"null", "server_error", "the engine answered with status 503, and without a message"),
    ],
)
def test_an_error_in_another_shape_keeps_its_words(status: int, body: bytes, kind: str, message: str) -> None:
    told_status, told = ask().whole(status, body)
    assert told_status == status
    assert json.loads(told) == {"error": {"message": message, "type": kind, "param": None, "code": None}}
