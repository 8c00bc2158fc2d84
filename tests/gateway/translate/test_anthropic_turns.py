from __future__ import annotations

import msgspec
import pytest

from remuda.gateway.translate.anthropic_turns import Conversation, Turn

PNG = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBO"}}
JPG = {"type": "image", "source": {"type": "url", "url": "https://example.org/a.jpg"}}
PNG_PART = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBO"}}
JPG_PART = {"type": "image_url", "image_url": {"url": "https://example.org/a.jpg"}}


def text(words: str) -> dict[str, object]:
    return {"type": "text", "text": words}


def result(ident: str, **members: object) -> dict[str, object]:
    return {"type": "tool_result", "tool_use_id": ident, **members}


def converse(role: str, content: object) -> Conversation:
    # Through JSON, since an `input` keeps its text.
    turn = msgspec.json.decode(msgspec.json.encode({"role": role, "content": content}), type=Turn)
    conversation = Conversation()
    conversation.add_turn(turn, "messages[0]")
    return conversation


@pytest.mark.parametrize(
    ("role", "content", "messages"),
    [
        pytest.param("user", "hi", [{"role": "user", "content": "hi"}], id="a string"),
        pytest.param("user", [text("hi")], [{"role": "user", "content": "hi"}], id="one text"),
        pytest.param(
            "user",
            [{**text("hi"), "cache_control": {"type": "ephemeral"}}, text("there")],
            [{"role": "user", "content": [text("hi"), text("there")]}],
            id="two texts",
        ),
        pytest.param(
            "user",
            [PNG, text("what is it?"), JPG],
            [{"role": "user", "content": [PNG_PART, text("what is it?"), JPG_PART]}],
            id="images",
        ),
        pytest.param("user", [PNG], [{"role": "user", "content": [PNG_PART]}], id="only an image"),
        pytest.param(
            "user",
            [result("a", content="1"), result("b", content=[text("2"), text("3")]), result("c"), text("go on")],
            [
                {"role": "tool", "tool_call_id": "a", "content": "1"},
                {"role": "tool", "tool_call_id": "b", "content": "2\n3"},
                {"role": "tool", "tool_call_id": "c", "content": ""},
                {"role": "user", "content": "go on"},
            ],
            id="results before the text",
        ),
        pytest.param(
            "user",
            [text("first"), result("a", content="1")],
            [{"role": "tool", "tool_call_id": "a", "content": "1"}, {"role": "user", "content": "first"}],
            id="results after the text",
        ),
        pytest.param(
            "user",
            [result("a", content=[text("a picture"), PNG]), text("what is it?")],
            [
                {"role": "tool", "tool_call_id": "a", "content": "a picture"},
                {"role": "user", "content": [PNG_PART, text("what is it?")]},
            ],
            id="an image as a result",
        ),
        pytest.param(
            "user",
            [result("a", content="no such file", is_error=True), result("b", is_error=False)],
            [
                {"role": "tool", "tool_call_id": "a", "content": "Error: no such file"},
                {"role": "tool", "tool_call_id": "b", "content": ""},
            ],
            id="a failed call",
        ),
        pytest.param("assistant", "hi", [{"role": "assistant", "content": "hi"}], id="the model's words"),
        pytest.param(
            "assistant",
            [
                {"type": "thinking", "thinking": "hm", "signature": "x"},
                {"type": "redacted_thinking", "data": "x"},
                text("I look."),
                {"type": "tool_use", "id": "a", "name": "look", "input": {"at": ["ä", 1.50]}},
                {"type": "tool_use", "id": "b", "name": "wait", "input": {}},
            ],
            [
                {
                    "role": "assistant",
                    "content": "I look.",
                    "reasoning_content": "hm",
                    "reasoning": "hm",
                    "tool_calls": [
                        {"id": "a", "type": "function", "function": {"name": "look", "arguments": '{"at":["ä",1.5]}'}},
                        {"id": "b", "type": "function", "function": {"name": "wait", "arguments": "{}"}},
                    ],
                }
            ],
            id="thinking, text and calls",
        ),
        pytest.param("system", "be brief", [{"role": "system", "content": "be brief"}], id="instructions on the way"),
        pytest.param("system", [text("a"), text("b")], [{"role": "system", "content": "a\n\nb"}], id="more of them"),
        pytest.param("system", "", [], id="no instructions"),
    ],
)
def test_a_turn_as_messages(role: str, content: object, messages: list[object]) -> None:
    conversation = converse(role, content)
    assert conversation.problems == []
    assert conversation.messages == messages


@pytest.mark.parametrize(
    ("role", "content", "problem"),
    [
        ("tool", "x", "`messages[0].role` must be `user`, `assistant` or `system`, not `tool`"),
        (
            "user",
            [text("x"), {"type": "document", "source": {"type": "base64", "data": "x"}}],
            "`messages[0].content[1]`: a block of type `document` cannot be carried, leave it out",
        ),
        (
            "user",
            [{"type": "search_result", "source": "x", "title": "x", "content": [text("x")]}],
            "`messages[0].content[0]`: a block of type `search_result` cannot be carried, leave it out",
        ),
        (
            "user",
            [{"type": "image", "source": {"type": "file", "file_id": "x"}}],
            "`messages[0].content[0].source`: only images with a source of type `base64` or `url` can be carried",
        ),
        (
            "user",
            [result("a", content=[{"type": "document", "source": {"type": "text", "data": "x"}}])],
            "`messages[0].content[0].content[0]`: a block of type `document` cannot be carried, leave it out",
        ),
        ("user", [result("a", content={})], "`messages[0].content[0].content` must be a string or a list of blocks"),
        ("user", [{"type": "tool_result"}], "`messages[0].content[0]` must have `tool_use_id`"),
        ("user", [{"type": "text"}], "`messages[0].content[0]` must have `text`"),
        (
            "user",
            [{"type": "tool_use", "id": "a", "name": "x", "input": {}}],
            "`messages[0].content[0]`: a block of type `tool_use` cannot be carried, leave it out",
        ),
        ("assistant", [PNG], "`messages[0].content[0]`: a block of type `image` cannot be carried, leave it out"),
        (
            "assistant",
            [{"type": "server_tool_use", "id": "a", "name": "web_search", "input": {}}],
            "`messages[0].content[0]`: a block of type `server_tool_use` cannot be carried, leave it out",
        ),
        (
            "assistant",
            [{"type": "tool_use", "id": "a", "name": "x", "input": []}],
            "`messages[0].content[0].input` must be an object",
        ),
        ("system", [PNG], "`messages[0].content[0]`: a block of type `image` cannot be carried, leave it out"),
    ],
)
def test_what_cannot_be_carried(role: str, content: object, problem: str) -> None:
    assert converse(role, content).problems == [problem]


def test_everything_is_told_at_once() -> None:
    conversation = converse("assistant", [{"type": "tool_use"}, {"type": "document"}])
    assert conversation.problems == [
        "`messages[0].content[0]` must have `id`",
        "`messages[0].content[0]` must have `name`",
        "`messages[0].content[1]`: a block of type `document` cannot be carried, leave it out",
    ]
