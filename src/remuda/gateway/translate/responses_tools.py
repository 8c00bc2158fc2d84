"""From the `tools` and `tool_choice` of a Responses request to those of chat completions.

Only functions can be offered. OpenAI's built-in tools run at OpenAI, and an engine would never call them, so each is
refused by its name.
"""

from __future__ import annotations

from typing import Any

from remuda.gateway.envelope import echo
from remuda.gateway.translate.responses_problems import Problems

_FUNCTION = ("name", "description", "parameters", "strict")


def tools(request: dict[str, Any], problems: Problems) -> dict[str, Any]:
    """The members of the chat request about tools: with no tool none, since engines refuse a choice among none."""
    offered = _offered(request.get("tools"), problems)
    choice = _choice(request.get("tool_choice"), problems)
    chat: dict[str, Any] = {}
    if offered:
        chat["tools"] = offered
        if request.get("parallel_tool_calls") is not None:
            chat["parallel_tool_calls"] = request["parallel_tool_calls"]
    if choice is not None and (offered or choice not in ("auto", "none")):
        chat["tool_choice"] = choice
    return chat


def _offered(value: Any, problems: Problems) -> list[dict[str, Any]]:
    match value:
        case None:
            return []
        case list(entries):
            return [_tool(f"tools[{number}]", entry, problems) for number, entry in enumerate(entries)]
        case _:
            problems.add("tools", "`tools` must be a list")
            return []


def _tool(where: str, tool: Any, problems: Problems) -> dict[str, Any]:
    match tool:
        case {"type": "function", "name": str()}:
            direct = tool.get("allowed_callers") == ["direct"]
            problems.refuse_others(where, tool, ("type", *_FUNCTION, *(["allowed_callers"] if direct else [])))
            function = {name: tool[name] for name in _FUNCTION if tool.get(name) is not None}
            return {"type": "function", "function": function}
        case {"type": str(kind)} if kind != "function":
            why = f"the engine has no tool of type {echo(kind)}, it can only call a `function`; leave it out"
            problems.refuse(where, why)
        case _:
            problems.add(where, f"`{where}` must have a `type`, and a `name` when it is a `function`")
    return {}


def _choice(value: Any, problems: Problems) -> Any:
    match value:
        case None | "auto" | "none" | "required":
            return value
        case {"type": "function", "name": str(name)}:
            return {"type": "function", "function": {"name": name}}
        case {"type": "allowed_tools"}:
            problems.refuse("tool_choice", "the engine chooses among all tools; write only the allowed ones in `tools`")
        case {"type": str(kind)} if kind != "function":
            problems.refuse("tool_choice", f"the engine has no tool of type {echo(kind)}; name a `function`")
        case _:
            expected = "`none`, `auto`, `required`, or an object that names a `function`"
            problems.add("tool_choice", f"`tool_choice` must be {expected}")
    return None
