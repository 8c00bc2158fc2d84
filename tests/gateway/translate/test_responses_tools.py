from __future__ import annotations

from typing import Any

import pytest

from tests.gateway.translate.responses_checks import chat, refused

SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}}
ADD = {"type": "function", "name": "add", "description": "adds", "parameters": SCHEMA, "strict": True}
SENT_ADD = {
    "type": "function",
    "function": {"name": "add", "description": "adds", "parameters": SCHEMA, "strict": True},
}


def test_functions_are_offered() -> None:
    sent = chat(
        tools=[
            ADD,
            {"type": "function", "name": "f", "parameters": None, "strict": None, "allowed_callers": ["direct"]},
        ],
        parallel_tool_calls=False,
    )
    assert sent["tools"] == [SENT_ADD, {"type": "function", "function": {"name": "f"}}]
    assert sent["parallel_tool_calls"] is False
    assert "tool_choice" not in sent


@pytest.mark.parametrize("choice", ["auto", "none", "required"])
def test_a_choice_keeps_its_name(choice: str) -> None:
    assert chat(tools=[ADD], tool_choice=choice)["tool_choice"] == choice


def test_a_function_can_be_chosen() -> None:
    sent = chat(tools=[ADD], tool_choice={"type": "function", "name": "add"})
    assert sent["tool_choice"] == {"type": "function", "function": {"name": "add"}}


@pytest.mark.parametrize("choice", ["auto", "none"])
@pytest.mark.parametrize("offered", [None, []])
def test_without_tools_nothing_is_said_of_them(choice: str, offered: Any) -> None:
    sent = chat(tools=offered, tool_choice=choice, parallel_tool_calls=True)
    assert not sent.keys() & {"tools", "tool_choice", "parallel_tool_calls"}


def test_a_tool_that_must_be_called_but_is_not_offered_is_for_the_engine_to_refuse() -> None:
    assert chat(tool_choice="required")["tool_choice"] == "required"


@pytest.mark.parametrize(
    ("members", "where", "message"),
    [
        ({"tools": {}}, "tools", "`tools` must be a list"),
        (
            {"tools": [ADD, {"type": "web_search"}]},
            "tools[1]",
            (
                "cannot use `tools[1]`: the engine has no tool of type `web_search`, it can only call a `function`; "
                "leave it out"
            ),
        ),
        (
            {"tools": [{"type": "function"}]},
            "tools[0]",
            "`tools[0]` must have a `type`, and a `name` when it is a `function`",
        ),
        (
            {"tools": [ADD | {"defer_loading": True}]},
            "tools[0].defer_loading",
            "cannot use `tools[0].defer_loading`: chat completions have nothing like it; leave it out",
        ),
        (
            {"tools": [ADD | {"allowed_callers": ["direct", "programmatic"]}]},
            "tools[0].allowed_callers",
            "cannot use `tools[0].allowed_callers`: chat completions have nothing like it; leave it out",
        ),
        (
            {"tools": [ADD], "tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": []}},
            "tool_choice",
            "cannot use `tool_choice`: the engine chooses among all tools; write only the allowed ones in `tools`",
        ),
        (
            {"tool_choice": {"type": "mcp", "server_label": "x"}},
            "tool_choice",
            "cannot use `tool_choice`: the engine has no tool of type `mcp`; name a `function`",
        ),
        (
            {"tool_choice": "any"},
            "tool_choice",
            "`tool_choice` must be `none`, `auto`, `required`, or an object that names a `function`",
        ),
    ],
)
def test_what_is_no_function_is_refused(members: dict[str, Any], where: str, message: str) -> None:
    fault = refused(**members)
    assert (fault.message, fault.param) == (message, where)
