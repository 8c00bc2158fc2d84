"""Requests of Anthropic's Messages API, put as chat completions.

Members that mean the same in both (`model`, `max_tokens`, `temperature`, `top_p`, `top_k`, `stream`) are passed on as
they came, and so is every member that Anthropic's API does not have: it is meant for the engine (`min_p`, `seed`, …),
which judges all values. Beyond plain renaming:

- `thinking` switches `enable_thinking` of the chat template, the name that the templates of most models read; the
  client's own `chat_template_kwargs` win. `budget_tokens` is not carried: chat completions have no such bound, and
  `max_tokens` bounds thinking and answer together in both protocols;
- `output_config.effort` becomes `reasoning_effort`; `xhigh` and `max` become `high`, the most that all engines know;
- a last turn of the assistant is a beginning that the model goes on with: vLLM and SGLang are told so by
  `continue_final_message`, llama.cpp does it by itself;
- `cache_control`, `service_tier`, `betas`, `speed`, `inference_geo`, `diagnostics`, `user_profile_id`, `workspace_id`
  and `context_management` are left out: they are about Anthropic's service and change nothing in what is asked; of
  tools, likewise, only name, description, schema and `strict` are carried;
- `container` and `mcp_servers` are refused, and tools that Anthropic's service runs or describes (`web_search_…`,
  `bash_…`): an engine has none. `n` is refused, since a message is one answer.

Shapes: platform.claude.com/docs/en/api/messages, and the types of the package `anthropic` 2.12.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from remuda.gateway.envelope import echo
from remuda.gateway.shapes import Fault
from remuda.gateway.translate.anthropic_turns import Block, Conversation, Message, Turn

_IGNORED = frozenset(
    (
        *("cache_control", "service_tier", "betas", "speed", "inference_geo", "diagnostics", "user_profile_id"),
        *("workspace_id", "context_management"),
    )
)
# Members that cannot be carried, but for values that ask for nothing.
_REFUSED: Mapping[str, tuple[bytes, ...]] = MappingProxyType(
    {"container": (b"null",), "mcp_servers": (b"null", b"[]"), "n": (b"null", b"1")}
)
_SHOWN = 10
_EFFORTS: Mapping[str, str] = MappingProxyType(
    {"low": "low", "medium": "medium", "high": "high", "xhigh": "high", "max": "high"}
)
_THINKING: Mapping[str, bool] = MappingProxyType({"enabled": True, "adaptive": True, "disabled": False})
_CHOICES: Mapping[str, str] = MappingProxyType({"auto": "auto", "any": "required", "none": "none"})


class _Tool(msgspec.Struct, frozen=True):
    name: str = ""
    type: str | None = None
    description: str | None = None
    input_schema: msgspec.Raw = msgspec.field(default_factory=msgspec.Raw)
    strict: bool | None = None


class _ToolChoice(msgspec.Struct, frozen=True):
    type: str
    name: str = ""
    disable_parallel_tool_use: bool | None = None


class _Thinking(msgspec.Struct, frozen=True):
    type: str


class _Format(msgspec.Struct, frozen=True):
    type: str
    schema: msgspec.Raw


class _OutputConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    effort: str | None = None
    format: _Format | None = None


class _Metadata(msgspec.Struct, frozen=True):
    user_id: str | None = None


class _Request(msgspec.Struct, frozen=True):
    """The members that are not passed on as they came, and two that are but must be known here."""

    model: str
    messages: list[Turn]
    stream: bool | None = None
    system: str | list[Block] | None = None
    stop_sequences: list[str] | None = None
    metadata: _Metadata | None = None
    tools: list[_Tool] | None = None
    tool_choice: _ToolChoice | None = None
    thinking: _Thinking | None = None
    output_config: _OutputConfig | None = None
    output_format: _Format | None = None
    chat_template_kwargs: dict[str, msgspec.Raw] | None = None


_DECODER = msgspec.json.Decoder(_Request)
_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_TAKEN = frozenset(_Request.__struct_fields__) - {"model", "stream"} | _IGNORED | _REFUSED.keys()


class Chat(NamedTuple):
    """A request for a chat completion, and what the way back has to know of it.

    `beginning`: of the answer, which the client wrote and the model goes on with; mostly empty.
    """

    model: str
    is_stream: bool
    beginning: str
    content: Mapping[str, object]


def read(body: bytes | bytearray, *, needs_limit: bool) -> Chat | Fault:
    """The request as a chat completion, or everything that keeps it from being one.

    `needs_limit`: whether `max_tokens` must be there.
    """
    try:
        members = _MEMBERS.decode(body)
        request = _DECODER.decode(body)
    except msgspec.ValidationError as reason:
        return _fault(f"the body is no request of the Messages API: {reason}")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as reason:
        return _fault(f"cannot read the body as JSON: {reason}")
    problems = [
        f"`{name}` cannot be carried, leave it out"
        for name, nothing in _REFUSED.items()
        if bytes(members.get(name, b"null")) not in nothing
    ]
    if needs_limit and "max_tokens" not in members:
        problems.append("`max_tokens` must be given")
    content: Message = {name: value for name, value in members.items() if name not in _TAKEN}
    messages = _messages(request, problems)
    beginning = _beginning(messages)
    content["messages"] = messages
    if beginning:
        content |= {"add_generation_prompt": False, "continue_final_message": True}
    content |= _tools(request, problems)
    content |= _manner(request, problems)
    if problems:
        return _fault(f"cannot put the request to an engine that speaks only chat completions: {_list(problems)}")
    return Chat(request.model, request.stream is True, beginning, content)


def _list(problems: list[str]) -> str:
    more = [f"and {len(problems) - _SHOWN} more"] if len(problems) > _SHOWN else []
    return "; ".join(problems[:_SHOWN] + more)


def _fault(message: str) -> Fault:
    return Fault(HTTPStatus.BAD_REQUEST, message, "invalid_body")


def _messages(request: _Request, problems: list[str]) -> list[Message]:
    conversation = Conversation()
    if request.system:
        conversation.add_system(request.system, "system")
    for number, turn in enumerate(request.messages):
        conversation.add_turn(turn, f"messages[{number}]")
    problems += conversation.problems
    return conversation.messages


def _beginning(messages: list[Message]) -> str:
    last = messages[-1] if messages else {}
    return str(last["content"]) if last.get("role") == "assistant" and "tool_calls" not in last else ""


def _tools(request: _Request, problems: list[str]) -> Message:
    members: Message = {}
    for number, tool in enumerate(request.tools or ()):
        if tool.type not in (None, "custom"):
            problems.append(f"`tools[{number}]`: a tool of type {echo(tool.type)} cannot be carried, leave it out")
        elif not (tool.name and bytes(tool.input_schema).startswith(b"{")):
            problems.append(f"`tools[{number}]` must have a `name`, and an `input_schema` that is an object")
    if request.tools:
        members["tools"] = [_function(tool) for tool in request.tools]
    choice = request.tool_choice
    if choice is None:
        return members
    if choice.type == "tool" and choice.name:
        members["tool_choice"] = {"type": "function", "function": {"name": choice.name}}
    elif choice.type in _CHOICES:
        members["tool_choice"] = _CHOICES[choice.type]
    else:
        problems.append("`tool_choice` must be of type `auto`, `any`, `none`, or `tool` with a `name`")
    if choice.disable_parallel_tool_use is not None:
        members["parallel_tool_calls"] = not choice.disable_parallel_tool_use
    return members


def _function(tool: _Tool) -> Message:
    function: Message = {"name": tool.name, "parameters": tool.input_schema}
    if tool.description is not None:
        function["description"] = tool.description
    if tool.strict is not None:
        function["strict"] = tool.strict
    return {"type": "function", "function": function}


def _manner(request: _Request, problems: list[str]) -> Message:
    """How the model is to answer."""
    members: Message = {}
    if request.stream:
        members["stream_options"] = {"include_usage": True}
    if request.stop_sequences:
        members["stop"] = request.stop_sequences
    if request.metadata and request.metadata.user_id is not None:
        members["user"] = request.metadata.user_id
    output = request.output_config or _OutputConfig()
    if output.effort is not None:
        members["reasoning_effort"] = _known(output.effort, _EFFORTS, "output_config.effort", problems)
    return members | _template(request, problems) | _format(output.format or request.output_format, problems)


def _template(request: _Request, problems: list[str]) -> Message:
    arguments: Message = dict(request.chat_template_kwargs or {})
    if request.thinking:
        thinks = _known(request.thinking.type, _THINKING, "thinking.type", problems)
        arguments.setdefault("enable_thinking", thinks)
    return {"chat_template_kwargs": arguments} if arguments else {}


def _format(form: _Format | None, problems: list[str]) -> Message:
    if form is None:
        return {}
    _known(form.type, {"json_schema": True}, "output_config.format.type", problems)
    schema = {"name": "output", "schema": form.schema, "strict": True}
    return {"response_format": {"type": "json_schema", "json_schema": schema}}


def _known(value: str, table: Mapping[str, object], at: str, problems: list[str]) -> object:
    if value not in table:
        names = ", ".join(f"`{name}`" for name in table)
        problems.append(f"`{at}` must be one of {names}, not {echo(value)}")
    return table.get(value)
