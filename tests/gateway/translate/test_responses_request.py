from __future__ import annotations

import json
from typing import Any

import pytest

from remuda.gateway.shapes import Fault
from remuda.gateway.translate import responses
from tests.gateway.translate.responses_checks import ask, chat, refused, response

HELLO = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}
REPLY = b'{"id":"chatcmpl-1","created":1,"choices":[{"message":{"content":"hi"},"finish_reason":"stop"}]}'
SCHEMA = {"type": "json_schema", "name": "n", "schema": {"type": "object"}, "strict": True}


def settings(**members: Any) -> dict[str, Any]:
    status, body = ask(**members).whole(200, REPLY)
    assert status == 200
    return response(body)


@pytest.mark.parametrize(
    ("members", "sent"),
    [
        ({}, {}),
        ({"max_output_tokens": 7}, {"max_tokens": 7}),
        ({"temperature": 0.7, "top_p": 0.9, "user": "u"}, {"temperature": 0.7, "top_p": 0.9, "user": "u"}),
        ({"prompt_cache_key": "k", "safety_identifier": "s"}, {"prompt_cache_key": "k", "safety_identifier": "s"}),
        ({"top_k": 5, "chat_template_kwargs": {"a": 1}}, {"top_k": 5, "chat_template_kwargs": {"a": 1}}),
        ({"temperature": None, "instructions": None, "tools": None, "text": None, "metadata": None}, {}),
        ({"store": True, "metadata": {"a": "b"}, "max_tool_calls": 3, "client_metadata": {"x": "y"}}, {}),
        ({"background": False, "truncation": "disabled", "previous_response_id": None}, {}),
        ({"stream": False, "stream_options": {"include_obfuscation": False}}, {}),
        ({"stream": True}, {"stream": True, "stream_options": {"include_usage": True}}),
        ({"text": {"format": {"type": "text"}}}, {}),
        ({"text": {"format": {"type": "json_object"}}}, {"response_format": {"type": "json_object"}}),
        (
            {"text": {"format": SCHEMA | {"description": None}, "verbosity": "low"}},
            {
                "verbosity": "low",
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "n", "schema": {"type": "object"}, "strict": True},
                },
            },
        ),
        ({"reasoning": {"effort": "high", "summary": "auto", "context": "auto"}}, {"reasoning_effort": "high"}),
        ({"reasoning": {"effort": None, "mode": "standard"}}, {}),
        ({"include": ["reasoning.encrypted_content"]}, {}),
        ({"include": ["message.output_text.logprobs"]}, {"logprobs": True, "top_logprobs": 1}),
        ({"top_logprobs": 2}, {"logprobs": True, "top_logprobs": 2}),
        ({"top_logprobs": 0}, {}),
    ],
)
def test_what_is_sent(members: dict[str, Any], sent: dict[str, Any]) -> None:
    assert chat(**members) == HELLO | sent


@pytest.mark.parametrize(
    ("members", "where", "why"),
    [
        ({"previous_response_id": "r"}, "previous_response_id", "no response is kept here; send the whole"),
        ({"conversation": "c"}, "conversation", "no response is kept here; send the whole conversation as `input`"),
        ({"background": True}, "background", "no response is kept for later; use `stream` and wait"),
        ({"truncation": "auto"}, "truncation", "the engine does not shorten its input; shorten `input` yourself"),
        ({"prompt": {"id": "p"}}, "prompt", "no prompts are kept here"),
        ({"context_management": [{"type": "compaction"}]}, "context_management", "nothing is compacted here"),
        ({"moderation": {"model": "x"}}, "moderation", "there is no moderation here"),
        ({"messages": []}, "messages", "it belongs to chat completions; write `input`"),
        ({"max_tokens": 5}, "max_tokens", "it belongs to chat completions; write `max_output_tokens`"),
        ({"n": 2}, "n", "a response has one answer"),
        ({"stream_options": {"include_obfuscation": True}}, "stream_options.include_obfuscation", "chat completions"),
        ({"text": {"colour": "red"}}, "text.colour", "chat completions have nothing like it; leave it out"),
        ({"reasoning": {"context": "all_turns"}}, "reasoning.context", "chat completions have nothing like it"),
        ({"reasoning": {"mode": "pro"}}, "reasoning.mode", "chat completions have nothing like it; leave it out"),
    ],
)
def test_what_the_engine_cannot_do_is_refused_by_name(members: dict[str, Any], where: str, why: str) -> None:
    fault = refused(**members)
    assert fault.message.startswith(f"cannot use `{where}`: {why}")
    assert (fault.status, fault.code, fault.param) == (400, "untranslatable_request", where)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"text": "x"}, "`text` must be an object"),
        ({"metadata": []}, "`metadata` must be an object"),
        ({"reasoning": "high"}, "`reasoning` must be an object"),
        ({"stream": "yes"}, "`stream` must be true or false"),
        ({"include": "x"}, "`include` must be a list"),
        (
            {"include": ["file_search_call.results"]},
            "cannot include `file_search_call.results`: the engine has no such",
        ),
        (
            {"text": {"format": {"type": "json_schema"}}},
            "`text.format` must be an object of type `text`, `json_object`",
        ),
        ({"background": {}}, "cannot use `background`: no response is kept for later"),
    ],
)
def test_what_is_malformed_is_refused(members: dict[str, Any], message: str) -> None:
    assert refused(**members).message.startswith(message)


def test_all_problems_are_told_at_once() -> None:
    fault = refused(input=[], background=True, tools=[{"type": "web_search"}], include=["x"])
    assert [part.partition(":")[0] for part in fault.message.split("; ") if part.startswith(("cannot", "`"))] == [
        "cannot use `background`",
        "`input` must be a string, or a list of items that is not empty",
        "cannot use `tools[0]`",
        "cannot include `x`",
    ]


@pytest.mark.parametrize(
    ("body", "code"),
    [(b"[]", "invalid_body"), (b"{", "invalid_json"), (b'{"a":"\xff"}', "invalid_json"), (b"[" * 5000, "invalid_json")],
)
def test_a_body_that_is_no_object(body: bytes, code: str) -> None:
    fault = responses.translate(body)
    assert isinstance(fault, Fault)
    assert (fault.status, fault.code) == (400, code)


def test_a_bytearray_is_read_as_well() -> None:
    translation = responses.translate(bytearray(b'{"model":"m","input":"hello"}'))
    assert not isinstance(translation, Fault)
    assert json.loads(translation.body) == HELLO


def test_the_defaults_of_a_response() -> None:
    told = settings()
    assert {name: value for name, value in told.items() if value not in (None, [], {})} == {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "status": "completed",
        "model": "m",
        "output": told["output"],
        "service_tier": "default",
        "background": False,
        "parallel_tool_calls": True,
        "reasoning": {"effort": None, "summary": None},
        "store": False,
        "text": {"format": {"type": "text"}},
        "tool_choice": "auto",
        "truncation": "disabled",
    }


def test_a_response_repeats_its_request() -> None:
    members: dict[str, Any] = {
        "instructions": "be brief",
        "max_output_tokens": 9,
        "max_tool_calls": 2,
        "metadata": {"a": "b"},
        "parallel_tool_calls": False,
        "prompt_cache_key": "k",
        "safety_identifier": "s",
        "temperature": 0.5,
        "text": {"format": SCHEMA, "verbosity": "low"},
        "tool_choice": {"type": "function", "name": "f"},
        "tools": [{"type": "function", "name": "f", "parameters": {}, "strict": False}],
        "top_logprobs": 1,
        "top_p": 0.25,
        "user": "u",
    }
    told = settings(**members, store=True, reasoning={"effort": "low", "summary": "auto"})
    assert {name: told[name] for name in members} == members
    assert told["store"] is False
    assert told["reasoning"] == {"effort": "low", "summary": None}
