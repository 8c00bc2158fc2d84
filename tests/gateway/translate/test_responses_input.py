from __future__ import annotations

from typing import Any

import pytest

from tests.gateway.translate.responses_checks import chat, refused

CALL = {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "add", "arguments": "{}", "status": "completed"}
RESULT = {"type": "function_call_output", "call_id": "c1", "output": "3"}
SENT_CALL = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": "{}"}}
TEXT = {"type": "input_text", "text": "look"}
IMAGE = {"type": "input_image", "image_url": "data:image/png;base64,AA", "detail": "low"}
SENT_IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA", "detail": "low"}}


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


def system(content: Any) -> dict[str, Any]:
    return {"role": "system", "content": content}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("hello", [user("hello")]),
        ([{"role": "user", "content": "hello"}], [user("hello")]),
        ([{"type": "message", "role": "user", "content": [TEXT], "status": "completed"}], [user("look")]),
        ([user([TEXT, TEXT])], [user("look\nlook")]),
        ([user([TEXT, IMAGE])], [user([{"type": "text", "text": "look"}, SENT_IMAGE])]),
        (
            [user([{"type": "input_image", "image_url": "https://x/y.png"}])],
            [user([{"type": "image_url", "image_url": {"url": "https://x/y.png"}}])],
        ),
        (
            [user([{"type": "input_audio", "input_audio": {"data": "AA", "format": "wav"}}])],
            [user([{"type": "input_audio", "input_audio": {"data": "AA", "format": "wav"}}])],
        ),
        ([user([])], [user("")]),
        ([system("a"), {"role": "developer", "content": [TEXT]}, user("x")], [system("a\n\nlook"), user("x")]),
        ([user("x"), {"role": "developer", "content": "b"}], [user("x"), system("b")]),
        (
            [{"type": "message", "id": "m", "role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]}],
            [{"role": "assistant", "content": "no"}],
        ),
        ([{"type": "reasoning", "id": "r", "summary": [], "encrypted_content": "x"}, user("x")], [user("x")]),
        (
            [user("x"), CALL, CALL | {"call_id": "c2"}, RESULT, RESULT | {"call_id": "c2", "output": [TEXT, IMAGE]}],
            [
                user("x"),
                {"role": "assistant", "content": None, "tool_calls": [SENT_CALL, SENT_CALL | {"id": "c2"}]},
                {"role": "tool", "tool_call_id": "c1", "content": "3"},
                {"role": "tool", "tool_call_id": "c2", "content": [{"type": "text", "text": "look"}, SENT_IMAGE]},
            ],
        ),
        (
            [user("x"), {"role": "assistant", "content": [{"type": "output_text", "text": "wait"}]}, CALL, RESULT],
            [
                user("x"),
                {"role": "assistant", "content": "wait", "tool_calls": [SENT_CALL]},
                {"role": "tool", "tool_call_id": "c1", "content": "3"},
            ],
        ),
        (
            [CALL, RESULT, CALL | {"call_id": "c2"}],
            [
                {"role": "assistant", "content": None, "tool_calls": [SENT_CALL]},
                {"role": "tool", "tool_call_id": "c1", "content": "3"},
                {"role": "assistant", "content": None, "tool_calls": [SENT_CALL | {"id": "c2"}]},
            ],
        ),
    ],
)
def test_input_becomes_messages(given: Any, expected: Any) -> None:
    assert chat(input=given)["messages"] == expected


def test_instructions_and_the_first_system_messages_are_one() -> None:
    messages = chat(instructions="be brief", input=[{"role": "developer", "content": "be kind"}, user("x")])["messages"]
    assert messages == [system("be brief\n\nbe kind"), user("x")]


@pytest.mark.parametrize(
    ("given", "where", "message"),
    [
        (None, "input", "`input` must be a string, or a list of items that is not empty"),
        ([], "input", "`input` must be a string, or a list of items that is not empty"),
        ([1], "input[0]", "`input[0]` must be an object"),
        ([{"type": 1}], "input[0]", "`input[0].type` must be a string"),
        ([{"role": "user"}], "input[0]", "`input[0]`, of type `message`, must have a `role` and `content`"),
        (
            [{"role": "critic", "content": "x"}],
            "input[0].role",
            "`input[0].role` must be one of `user`, `assistant`, `system`, `developer`, not `critic`",
        ),
        (
            [CALL | {"arguments": {}}],
            "input[0]",
            "`input[0]`, of type `function_call`, must have `call_id`, `name` and `arguments`, all strings",
        ),
        (
            [CALL | {"namespace": "crm"}],
            "input[0].namespace",
            "cannot use `input[0].namespace`: functions have no namespaces here; leave it out",
        ),
        (
            [{"type": "function_call_output", "output": "x"}],
            "input[0]",
            "`input[0]`, of type `function_call_output`, must have a `call_id` and an `output`",
        ),
        (
            [user("x"), {"type": "item_reference", "id": "msg_1"}],
            "input[1]",
            "cannot use `input[1]`: no items are kept here; write the item itself",
        ),
        (
            [{"type": "mcp_call", "id": "x"}],
            "input[0]",
            "cannot use `input[0]`: chat completions have no item of type `mcp_call`; leave it out",
        ),
        (
            [user([{"type": "input_file", "file_data": "AA"}])],
            "input[0].content[0]",
            (
                "cannot use `input[0].content[0]`: the engine takes no files; "
                "give the text as `input_text` or pages as `input_image`"
            ),
        ),
        (
            [user([{"type": "input_image", "file_id": "f"}])],
            "input[0].content[0]",
            "`input[0].content[0]`, of type `input_image`, must have an `image_url`: no files are kept here",
        ),
        (
            [user([{"type": "video"}])],
            "input[0].content[0]",
            "cannot use `input[0].content[0]`: chat completions have no part of type `video`; leave it out",
        ),
        ([user([{}])], "input[0].content[0]", "`input[0].content[0].type` must be a string"),
    ],
)
def test_input_that_cannot_be_a_chat_is_refused(given: Any, where: str, message: str) -> None:
    fault = refused(input=given)
    assert (fault.status, fault.message, fault.param) == (400, message, where)


def test_instructions_must_be_a_string() -> None:
    assert refused(instructions=["x"]).message == "`instructions` must be a string"
