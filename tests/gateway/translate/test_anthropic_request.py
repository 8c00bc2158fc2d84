from __future__ import annotations

from typing import Any

import msgspec
import pytest
from openai.types.chat import (
    ChatCompletionMessageParam,
    ChatCompletionNamedToolChoiceParam,
    ChatCompletionToolUnionParam,
)
from pydantic import TypeAdapter

from remuda.gateway.shapes import Fault
from remuda.gateway.translate.anthropic_request import Chat, read

HI = {"role": "user", "content": "hi"}
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOL = {"name": "weather", "description": "of a city", "input_schema": SCHEMA}
FUNCTION = {"name": "weather", "parameters": SCHEMA, "description": "of a city"}


def asked(**members: object) -> bytes:
    return msgspec.json.encode({"model": "m", "max_tokens": 9, "messages": [HI]} | members)


def content_of(body: bytes) -> dict[str, Any]:
    chat = read(body, needs_limit=True)
    assert isinstance(chat, Chat)
    content: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(chat.content))
    return content


def fault_of(body: bytes) -> str:
    fault = read(body, needs_limit=True)
    assert isinstance(fault, Fault)
    assert fault.status == 400
    return fault.message


@pytest.mark.parametrize(
    ("members", "added"),
    [
        ({}, {}),
        ({"temperature": 0.5, "top_p": 0.9, "top_k": 40}, {"temperature": 0.5, "top_p": 0.9, "top_k": 40}),
        ({"min_p": 0.1, "seed": 7, "stop": ["x"]}, {"min_p": 0.1, "seed": 7, "stop": ["x"]}),
        ({"stop_sequences": ["a", "b"]}, {"stop": ["a", "b"]}),
        ({"stop_sequences": []}, {}),
        ({"metadata": {"user_id": "u"}}, {"user": "u"}),
        ({"metadata": {}}, {}),
        ({"stream": False}, {"stream": False}),
        ({"stream": True}, {"stream": True, "stream_options": {"include_usage": True}}),
        ({"tools": [TOOL]}, {"tools": [{"type": "function", "function": FUNCTION}]}),
        (
            {"tools": [{**TOOL, "type": "custom", "strict": True, "cache_control": {"type": "ephemeral"}}]},
            {"tools": [{"type": "function", "function": {**FUNCTION, "strict": True}}]},
        ),
        ({"tools": []}, {}),
        ({"tool_choice": {"type": "auto"}}, {"tool_choice": "auto"}),
        ({"tool_choice": {"type": "none"}}, {"tool_choice": "none"}),
        (
            {"tool_choice": {"type": "any", "disable_parallel_tool_use": True}},
            {"tool_choice": "required", "parallel_tool_calls": False},
        ),
        (
            {"tool_choice": {"type": "tool", "name": "weather", "disable_parallel_tool_use": False}},
            {
                "tool_choice": {"type": "function", "function": {"name": "weather"}},
                "parallel_tool_calls": True,
            },
        ),
        ({"thinking": {"type": "disabled"}}, {"chat_template_kwargs": {"enable_thinking": False}}),
        (
            {"thinking": {"type": "enabled", "budget_tokens": 1024}, "chat_template_kwargs": {"x": [1]}},
            {"chat_template_kwargs": {"x": [1], "enable_thinking": True}},
        ),
        (
            {"thinking": {"type": "adaptive"}, "chat_template_kwargs": {"enable_thinking": False}},
            {"chat_template_kwargs": {"enable_thinking": False}},
        ),
        ({"output_config": {"effort": "low"}}, {"reasoning_effort": "low"}),
        ({"output_config": {"effort": "max"}}, {"reasoning_effort": "high"}),
        (
            {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}},
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "output", "schema": SCHEMA, "strict": True},
                }
            },
        ),
        (
            {"cache_control": {"type": "ephemeral"}, "service_tier": "auto", "betas": ["x"], "container": None}
            | {"mcp_servers": [], "context_management": {"edits": []}, "system": None, "thinking": None},
            {},
        ),
    ],
)
def test_members(members: dict[str, object], added: dict[str, object]) -> None:
    assert content_of(asked(**members)) == {"model": "m", "max_tokens": 9, "messages": [HI]} | added


@pytest.mark.parametrize(
    ("system", "message"),
    [
        ("be brief", [{"role": "system", "content": "be brief"}]),
        ([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], [{"role": "system", "content": "a\n\nb"}]),
        ("", []),
        ([], []),
    ],
)
def test_the_system_prompt_is_the_first_message(system: object, message: list[object]) -> None:
    assert content_of(asked(system=system))["messages"] == [*message, HI]


@pytest.mark.parametrize("content", ["The answer is (", [{"type": "text", "text": "The answer is ("}]])
def test_a_beginning_of_the_answer_is_gone_on_with(content: object) -> None:
    chat = read(asked(messages=[HI, {"role": "assistant", "content": content}]), needs_limit=True)
    assert isinstance(chat, Chat)
    assert chat.beginning == "The answer is ("
    assert (chat.content["add_generation_prompt"], chat.content["continue_final_message"]) == (False, True)


def test_calls_without_results_are_no_beginning() -> None:
    call = {"type": "tool_use", "id": "a", "name": "weather", "input": {}}
    assert "continue_final_message" not in content_of(asked(messages=[HI, {"role": "assistant", "content": [call]}]))


@pytest.mark.parametrize(
    ("members", "problem"),
    [
        ({"container": "c"}, "`container` cannot be carried, leave it out"),
        ({"mcp_servers": [{"name": "x"}]}, "`mcp_servers` cannot be carried, leave it out"),
        ({"n": 2}, "`n` cannot be carried, leave it out"),
        (
            {"tools": [TOOL, {"type": "web_search_20250305", "name": "web_search"}]},
            "`tools[1]`: a tool of type `web_search_20250305` cannot be carried, leave it out",
        ),
        ({"tools": [{"name": "x"}]}, "`tools[0]` must have a `name`, and an `input_schema` that is an object"),
        ({"tool_choice": {"type": "tool"}}, "`tool_choice` must be of type `auto`, `any`, `none`, or `tool` with a"),
        ({"thinking": {"type": "between_tools"}}, "`thinking.type` must be one of `enabled`, `adaptive`, `disabled`"),
        ({"output_config": {"effort": "some"}}, "`output_config.effort` must be one of `low`, `medium`, `high`,"),
        ({"output_config": {"format": {"type": "xml", "schema": {}}}}, "`output_config.format.type` must be one of"),
        ({"output_config": {"task_budget": {}}}, "Object contains unknown field `task_budget` - at `$.output_config`"),
        ({"system": [{"type": "image"}]}, "`system[0]`: a block of type `image` cannot be carried, leave it out"),
        ({"messages": [{"role": "user"}]}, "missing required field `content` - at `$.messages[0]`"),
        ({"model": 7}, "Expected `str`, got `int` - at `$.model`"),
        ({"stream": "yes"}, "Expected `bool | null`, got `str` - at `$.stream`"),
    ],
)
def test_what_is_refused(members: dict[str, object], problem: str) -> None:
    assert problem in fault_of(asked(**members))


def test_all_problems_are_told_at_once() -> None:
    message = fault_of(
        msgspec.json.encode({"model": "m", "messages": [{"role": "x", "content": "y"}], "container": "c"})
    )
    assert message == (
        "cannot put the request to an engine that speaks only chat completions: "
        "`container` cannot be carried, leave it out; "
        "`max_tokens` must be given; `messages[0].role` must be `user`, `assistant` or `system`, not `x`"
    )


def test_a_long_list_of_problems_is_cut_off() -> None:
    message = fault_of(asked(messages=[{"role": "user", "content": [{"type": "document"}] * 12}]))
    assert message.count("`document`") == 10
    assert message.endswith("; and 2 more")


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 100_000, b'{"model": "\xff"}', b"[]"])
def test_a_body_that_is_no_request(body: bytes) -> None:
    assert fault_of(body).startswith(("cannot read the body as JSON: ", "the body is no request of the Messages API: "))


def test_what_is_sent_is_what_openai_s_client_would_send() -> None:
    call = {"type": "tool_use", "id": "a", "name": "weather", "input": {"city": "Oslo"}}
    image = {"type": "image", "source": {"type": "url", "url": "https://example.org/a.jpg"}}
    turns = [
        {"role": "user", "content": [image, {"type": "text", "text": "where?"}]},
        {"role": "assistant", "content": [{"type": "thinking", "thinking": "hm", "signature": ""}, call]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a", "content": "rain"}]},
    ]
    content = content_of(
        asked(messages=turns, system="x", tools=[TOOL], tool_choice={"type": "tool", "name": "weather"})
    )
    assert TypeAdapter(list[ChatCompletionMessageParam]).validate_python(content["messages"])
    assert TypeAdapter(list[ChatCompletionToolUnionParam]).validate_python(content["tools"])
    assert TypeAdapter(ChatCompletionNamedToolChoiceParam).validate_python(content["tool_choice"])
