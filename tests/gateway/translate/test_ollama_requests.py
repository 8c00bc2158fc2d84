from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from ollama import Image, Message, Options, Tool
from ollama._types import ChatRequest

from remuda.gateway.shapes import Fault
from remuda.gateway.translate.ollama import Conversation, translate

IMAGE = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(30)).decode()
SCHEMA = {"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}
HELLO = [{"role": "user", "content": "hello"}]


def translation(path: str, **members: Any) -> Conversation | Fault:
    found = translate(path.encode(), json.dumps({"model": "m", **members}).encode(), lambda: 0.0)
    assert not isinstance(found, Fault)
    assert isinstance(found.translation, Conversation | Fault)
    return found.translation


def sent(path: str, **members: Any) -> dict[str, Any]:
    found = translation(path, **members)
    assert isinstance(found, Conversation)
    body: dict[str, Any] = json.loads(found.body)
    assert body["stream"] is found.is_stream
    return {"path": found.path.decode(), **body}


def chat(**members: Any) -> dict[str, Any]:
    return sent("/api/chat", messages=HELLO, stream=False, **members)


CHAT = {"path": "/v1/chat/completions", "model": "m", "stream": False, "messages": HELLO}


@pytest.mark.parametrize(
    ("members", "added"),
    [
        ({}, {}),
        ({"options": {"num_predict": 3, "num_ctx": 512}}, {"max_tokens": 3}),
        ({"format": "json"}, {"response_format": {"type": "json_object"}}),
        (
            {"format": SCHEMA},
            {"response_format": {"type": "json_schema", "json_schema": {"name": "schema", "schema": SCHEMA}}},
        ),
        ({"format": ""}, {}),
        ({"format": None}, {}),
        ({"tools": []}, {}),
        ({"tools": [{"type": "function", "function": {"name": "f"}}]},) * 2,
        ({"think": None}, {}),
        ({"think": True}, {"chat_template_kwargs": {"enable_thinking": True, "thinking": True}}),
        ({"think": False}, {"chat_template_kwargs": {"enable_thinking": False, "thinking": False}}),
        (
            {"think": "low"},
            {
                "chat_template_kwargs": {"enable_thinking": True, "thinking": True, "reasoning_effort": "low"},
                "reasoning_effort": "low",
            },
        ),
        (
            {"think": "max"},
            {
                "chat_template_kwargs": {"enable_thinking": True, "thinking": True, "reasoning_effort": "max"},
                "reasoning_effort": "high",
            },
        ),
        ({"logprobs": True, "top_logprobs": 2}, {"logprobs": True, "top_logprobs": 2}),
        ({"logprobs": True}, {"logprobs": True, "top_logprobs": 0}),
        ({"logprobs": False, "top_logprobs": 2}, {}),
        ({"truncate": True, "shift": False, "keep_alive": "5m", "something": "else"}, {}),
    ],
)
def test_members_of_a_chat(members: dict[str, Any], added: dict[str, Any]) -> None:
    assert chat(**members) == CHAT | added


@pytest.mark.parametrize(("stream", "is_stream"), [(True, True), (None, True), (False, False)])
def test_a_stream_ends_with_the_usage(*, stream: bool | None, is_stream: bool) -> None:
    body = sent("/api/chat", messages=HELLO, stream=stream)
    assert body["stream"] is is_stream
    assert body.get("stream_options") == ({"include_usage": True} if is_stream else None)


def test_ollama_streams_when_nobody_says_otherwise() -> None:
    assert sent("/api/chat", messages=HELLO)["stream"] is True
    assert sent("/api/generate", prompt="hello")["stream"] is True


def test_no_option_stands_for_a_member_of_the_request() -> None:
    """The key was checked for the `model` of the request."""
    options = {"model": "secret", "messages": [], "stream": True, "response_format": {"type": "text"}}
    assert chat(options=options, format="json") == CHAT | {"response_format": {"type": "json_object"}}


@pytest.mark.parametrize(
    ("members", "messages"),
    [
        ({}, HELLO),
        ({"system": "be brief"}, [{"role": "system", "content": "be brief"}, *HELLO]),
        (
            {"images": [IMAGE]},
            [
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "hello"},
                        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{IMAGE}"}},
                    ],
                }
            ],
        ),
    ],
)
def test_a_prompt_becomes_a_chat(members: dict[str, Any], messages: list[dict[str, Any]]) -> None:
    assert sent("/api/generate", prompt="hello", stream=False, **members) == CHAT | {"messages": messages}


COMPLETION = {"path": "/v1/completions", "model": "m", "stream": False, "prompt": "def f("}


@pytest.mark.parametrize(
    ("members", "added"),
    [
        ({"raw": True}, {}),
        ({"raw": True, "options": {"num_predict": 9}}, {"max_tokens": 9}),
        ({"raw": True, "think": True}, {}),
        (
            {"raw": True, "format": "json"},
            {"response_format": {"type": "json_object"}, "json_schema": {"type": "object"}},
        ),
        (
            {"raw": True, "format": SCHEMA},
            {
                "response_format": {"type": "json_schema", "json_schema": {"name": "schema", "schema": SCHEMA}},
                "json_schema": SCHEMA,
            },
        ),
    ],
)
def test_a_raw_prompt_becomes_a_completion(members: dict[str, Any], added: dict[str, Any]) -> None:
    assert sent("/api/generate", prompt="def f(", stream=False, **members) == COMPLETION | added


@pytest.mark.parametrize(
    ("path", "members", "names"),
    [
        ("/api/generate", {"prompt": "p", "template": "{{ .Prompt }}"}, ["`template`"]),
        ("/api/generate", {"prompt": "p", "context": [1, 2]}, ["`context`"]),
        ("/api/generate", {"prompt": "p", "raw": True, "system": "s", "images": [IMAGE]}, ["`system`", "`images`"]),
        ("/api/generate", {"prompt": "p", "suffix": "s", "context": [1]}, ["`suffix`", "`context`"]),
        ("/api/generate", {"prompt": "p", "raw": True, "logprobs": True}, ["`logprobs`"]),
        ("/api/generate", {"prompt": "p", "images": ["cat.png"], "format": "xml"}, ["`images`", "`format`"]),
        ("/api/generate", {"prompt": "p", "_debug_render_only": True}, ["`_debug_render_only`"]),
        ("/api/chat", {"messages": HELLO, "_debug_render_only": True}, ["`_debug_render_only`"]),
        ("/api/chat", {"messages": HELLO, "format": 7}, ["`format`"]),
        ("/api/chat", {"messages": [*HELLO, {"role": "user", "images": ["?"]}]}, ["`images`"]),
    ],
)
def test_what_cannot_be_translated_is_refused_by_name(path: str, members: dict[str, Any], names: list[str]) -> None:
    found = translation(path, **members)
    assert isinstance(found, Fault)
    assert (found.status, found.code) == (400, "unsupported")
    assert all(name in found.message for name in names)
    assert found.message.count(";") == len(names) - 1


@pytest.mark.parametrize(
    "members", [{"context": []}, {"template": "", "suffix": ""}, {"images": []}, {"_debug_render_only": False}]
)
def test_what_says_nothing_is_not_refused(members: dict[str, Any]) -> None:
    assert sent("/api/generate", prompt="hello", stream=False, **members) == CHAT


def test_what_the_client_package_writes_can_be_read() -> None:
    request = ChatRequest(
        model="m",
        messages=[
            Message(role="user", content="look", images=[Image(value=base64.b64decode(IMAGE))]),
            Message(
                role="assistant",
                tool_calls=[Message.ToolCall(function=Message.ToolCall.Function(name="f", arguments={"x": [1, "ü"]}))],
            ),
            Message(role="tool", tool_name="f", content="3"),
        ],
        tools=[Tool(function=Tool.Function(name="f", description="does"))],
        options=Options(temperature=0.0, num_ctx=4096),
        format="json",
        keep_alive=-1,
        stream=False,
        think=True,
    )
    body = sent("/api/chat", **request.model_dump(exclude_none=True))
    assert body["temperature"] == 0.0
    assert "num_ctx" not in body
    assert body["tools"] == [{"type": "function", "function": {"name": "f", "description": "does"}}]
    assert json.loads(body["messages"][1]["tool_calls"][0]["function"]["arguments"]) == {"x": [1, "ü"]}
    assert body["messages"][2]["tool_call_id"] == body["messages"][1]["tool_calls"][0]["id"]
