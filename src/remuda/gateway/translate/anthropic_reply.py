"""Chat completions that engines answer, put as messages of Anthropic's API: whole ones, and what streams need as well.

`input_tokens` counts, as Anthropic's does, only what was not read from the cache. An engine that counts nothing gives
zeros, since the numbers must be there. Signatures of thinking are empty: there is nobody to verify them.

A call that `max_tokens` cut off has arguments that are no JSON; its `input` is then empty, and `stop_reason` says why.
Any other call with broken arguments is an error: a program must not act on half of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType

import msgspec

from remuda.gateway.shapes import Fault, Shape, fault_body
from remuda.gateway.translate.anthropic_errors import engine_message, error_body

_STOP_REASONS: Mapping[str, str] = MappingProxyType(
    {
        "length": "max_tokens",
        "tool_calls": "tool_use",
        "function_call": "tool_use",
        "content_filter": "refusal",
    }
)


class _PromptDetails(msgspec.Struct, frozen=True, gc=False):
    cached_tokens: int | None = None


class Usage(msgspec.Struct, frozen=True, gc=False):
    """The engine's counts; `prompt_tokens` are all tokens of the prompt."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: _PromptDetails | None = None


class _Function(msgspec.Struct, frozen=True, gc=False):
    name: str | None = None
    arguments: str | None = None


class ToolCall(msgspec.Struct, frozen=True, gc=False):
    """A call, or in a stream a piece of the call with this `index`."""

    index: int | None = None
    id: str | None = None
    function: _Function = _Function()


class Said(msgspec.Struct, frozen=True):
    """What the model said, or in a stream a piece of it. vLLM calls the thinking `reasoning`."""

    content: str | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    tool_calls: list[ToolCall] | None = None

    @property
    def text(self) -> str:
        """What is said to the user."""
        return self.content or self.refusal or ""

    @property
    def thinking(self) -> str:
        """What is not."""
        return self.reasoning_content or self.reasoning or ""


class Choice(msgspec.Struct, frozen=True):
    """One answer; `stop_reason` (vLLM) and `matched_stop` (SGLang) tell the stop sequence if they are a string."""

    message: Said = Said()
    delta: Said = Said()
    finish_reason: str | None = None
    stop_reason: object = None
    matched_stop: object = None


class Completion(msgspec.Struct, frozen=True):
    """A whole completion, or a chunk of one; without `choices` it is something else, such as an error."""

    choices: list[Choice] | msgspec.UnsetType = msgspec.UNSET
    id: str | None = None
    usage: Usage | None = None
    timings: object = None
    error: object = None


COMPLETION = msgspec.json.Decoder(Completion)


class _Count(msgspec.Struct, frozen=True):
    count: int


def whole_message(model: str, beginning: str, status: int, body: bytes) -> tuple[int, bytes]:
    """The status and body for the client, from the engine's answer to a chat completion.

    `beginning`: of the answer, as the client wrote it; it is not told again.
    """
    if status >= HTTPStatus.BAD_REQUEST:
        return status, error_body(status, body)
    try:
        completion = COMPLETION.decode(body)
        if not completion.choices:
            raise msgspec.ValidationError(f"it has no choices: {engine_message(body)}")
        # llama.cpp, and no other engine, repeats the beginning; in whole answers only (xllamacpp 2026.10).
        repeated = beginning if completion.timings is not None else ""
        return HTTPStatus.OK, msgspec.json.encode(_message(model, completion, completion.choices[0], repeated))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as reason:
        return _unreadable(f"cannot read the engine's answer: {reason}")


def whole_count(status: int, body: bytes) -> tuple[int, bytes]:
    """The status and body for the client, from vLLM's answer to `/tokenize`."""
    if status >= HTTPStatus.BAD_REQUEST:
        return status, error_body(status, body)
    try:
        count = msgspec.json.decode(body, type=_Count).count
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as reason:
        return _unreadable(f"cannot count tokens: the engine's `/tokenize` gives no `count` for messages: {reason}")
    return HTTPStatus.OK, msgspec.json.encode({"input_tokens": count})


def _unreadable(message: str) -> tuple[int, bytes]:
    fault = Fault(HTTPStatus.BAD_GATEWAY, message, "bad_answer")
    return fault.status, fault_body(fault, Shape.ANTHROPIC)


def _message(model: str, completion: Completion, choice: Choice, repeated: str) -> dict[str, object]:
    ident, said = message_id(completion), choice.message
    content: list[object] = []
    if said.thinking:
        content.append({"type": "thinking", "thinking": said.thinking, "signature": ""})
    if text := said.text.removeprefix(repeated):
        content.append({"type": "text", "text": text})
    calls = said.tool_calls or []
    is_cut_off = choice.finish_reason == "length"
    content += [
        tool_use(call, ident, number, _arguments(call, is_cut_off=is_cut_off)) for number, call in enumerate(calls)
    ]
    return message(model, ident) | {
        "content": content,
        "usage": usage(completion.usage),
        **stop(choice, has_calls=bool(calls)),
    }


def _arguments(call: ToolCall, *, is_cut_off: bool) -> dict[str, msgspec.Raw]:
    text = call.function.arguments or ""
    try:
        return msgspec.json.decode(text, type=dict[str, msgspec.Raw]) if text.strip() else {}
    except msgspec.DecodeError as reason:
        if is_cut_off:
            return {}
        name = call.function.name
        raise msgspec.ValidationError(f"the arguments of its call of `{name}` are no JSON object: {reason}") from reason


def message(model: str, ident: str) -> dict[str, object]:
    """A message that has not begun."""
    return {
        "id": ident,
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": usage(None),
    }


def message_id(completion: Completion) -> str:
    """The engine's identifier of the completion, with the beginning that Anthropic's have."""
    return f"msg_{(completion.id or 'unnamed').removeprefix('chatcmpl-')}"


def tool_use(call: ToolCall, ident: str, number: int, arguments: Mapping[str, object]) -> dict[str, object]:
    """A call as a content block; one that the engine did not name is named after its message and `number`."""
    name = call.id or f"toolu_{ident.removeprefix('msg_')}_{number}"
    return {"type": "tool_use", "id": name, "name": call.function.name or "", "input": arguments}


def usage(told: Usage | None) -> dict[str, int]:
    """The counts in Anthropic's words."""
    told = told or Usage()
    details = told.prompt_tokens_details
    cached = (details.cached_tokens if details else None) or 0
    return {
        "input_tokens": max((told.prompt_tokens or 0) - cached, 0),
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": cached,
        "output_tokens": told.completion_tokens or 0,
    }


def stop(choice: Choice, *, has_calls: bool) -> dict[str, str | None]:
    """Why the answer ended. Some engines say `stop` after calls that the client prescribed."""
    reason = _STOP_REASONS.get(choice.finish_reason or "", "tool_use" if has_calls else "end_turn")
    matched = next((name for name in (choice.stop_reason, choice.matched_stop) if isinstance(name, str)), None)
    if reason == "end_turn" and matched is not None:
        return {"stop_reason": "stop_sequence", "stop_sequence": matched}
    return {"stop_reason": reason, "stop_sequence": None}
