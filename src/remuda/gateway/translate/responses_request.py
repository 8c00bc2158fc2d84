"""From a Responses request to a chat completions request.

A member that has the same name and meaning in both (`temperature`, `top_p`, `user`, `service_tier`,
`prompt_cache_key`, …) is sent on as it is, and so is every one that neither API knows, such as an engine's `top_k`.
What the engine cannot do is refused by its name. A few are neither: `store: true` is answered with `store: false`;
`include` of `reasoning.encrypted_content` and `reasoning.summary` are taken, and answered with the reasoning itself, in
full and readable; `max_tool_calls` (it counts calls of built-in tools), `metadata` and `client_metadata` are not sent.

A member that is null says nothing, as at OpenAI.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

import msgspec

from remuda.gateway.envelope import echo
from remuda.gateway.shapes import Fault
from remuda.gateway.translate.responses_input import messages
from remuda.gateway.translate.responses_problems import Problems
from remuda.gateway.translate.responses_tools import tools

_NOTHING_KEPT = "no response is kept here; send the whole conversation as `input`"
_OTHER_API = "it belongs to chat completions; write"
_REFUSED: Mapping[str, str] = MappingProxyType(
    {
        "previous_response_id": _NOTHING_KEPT,
        "conversation": _NOTHING_KEPT,
        "prompt": "no prompts are kept here; write it as `instructions` and `input`",
        "context_management": "nothing is compacted here; shorten `input` yourself",
        "moderation": "there is no moderation here; leave it out",
        "access_programs": "only OpenAI has them; leave it out",
        "image": "images are sent as they are; leave it out",
        "messages": f"{_OTHER_API} `input`",
        "max_tokens": f"{_OTHER_API} `max_output_tokens`",
        "max_completion_tokens": f"{_OTHER_API} `max_output_tokens`",
        "response_format": f"{_OTHER_API} `text.format`",
        "reasoning_effort": f"{_OTHER_API} `reasoning.effort`",
        "verbosity": f"{_OTHER_API} `text.verbosity`",
        "logprobs": f"{_OTHER_API} `top_logprobs`",
        "functions": f"{_OTHER_API} `tools`",
        "function_call": f"{_OTHER_API} `tool_choice`",
        "n": "a response has one answer; send the request once for each",
        "audio": "a response is text; leave it out",
        "modalities": "a response is text; leave it out",
    }
)
# Of these, one value means the same as leaving it out.
_ONLY: Mapping[str, tuple[object, str]] = MappingProxyType(
    {
        "background": (False, "no response is kept for later; use `stream` and wait"),
        "truncation": ("disabled", "the engine does not shorten its input; shorten `input` yourself"),
    }
)
_TRANSLATED = frozenset(
    {"input", "instructions", "tools", "tool_choice", "parallel_tool_calls", "max_output_tokens", "text", "reasoning"}
    | {"include", "top_logprobs", "stream", "stream_options", "store", "metadata", "max_tool_calls", "client_metadata"}
)
_NOT_SENT = _TRANSLATED | _REFUSED.keys() | _ONLY.keys()
_INCLUDE_LOGPROBS = "message.output_text.logprobs"
_INCLUDABLE = (_INCLUDE_LOGPROBS, "reasoning.encrypted_content")
_ECHOED = (
    *("instructions", "max_output_tokens", "max_tool_calls", "temperature", "top_p", "top_logprobs"),
    *("user", "safety_identifier", "prompt_cache_key"),
)
_KEY_BYTES = 16


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, translated.

    `body`: for the engine. `model`: as the client wrote it. `settings`: what the response repeats of the request.
    """

    body: bytes
    is_stream: bool
    model: str
    settings: Mapping[str, Any]

    def key(self) -> str:
        """What to make ids of when the engine gives none: the same for the same request."""
        return blake2b(self.body, digest_size=_KEY_BYTES).hexdigest()


def read(body: bytes | bytearray) -> Asked | Fault:
    """The request of this body, or everything that stands against it."""
    try:
        request = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as reason:
        return Fault(HTTPStatus.BAD_REQUEST, f"cannot read the body as JSON: {reason}", "invalid_json")
    if not isinstance(request, dict):
        return Fault(HTTPStatus.BAD_REQUEST, "the body must be a JSON object", "invalid_body")
    problems = Problems()
    chat = _chat(request, problems)
    fault = problems.fault()
    if fault is not None:
        return fault
    return Asked(msgspec.json.encode(chat), "stream" in chat, request.get("model") or "", _settings(request))


def _chat(request: dict[str, Any], problems: Problems) -> dict[str, Any]:
    _refuse(request, problems)
    chat = {name: value for name, value in request.items() if name not in _NOT_SENT and value is not None}
    chat["messages"] = messages(request, problems)
    if request.get("max_output_tokens") is not None:
        # The older of two names, which every engine knows.
        chat["max_tokens"] = request["max_output_tokens"]
    chat |= tools(request, problems)
    chat |= _text(_members("text", request, problems), problems)
    chat |= _reasoning(_members("reasoning", request, problems), problems)
    chat |= _logprobs(request, problems)
    chat |= _stream(request, problems)
    return chat


def _refuse(request: dict[str, Any], problems: Problems) -> None:
    for name, why in _REFUSED.items():
        if request.get(name) is not None:
            problems.refuse(name, why)
    for name, (value, why) in _ONLY.items():
        if request.get(name) not in (None, value):
            problems.refuse(name, why)
    _members("metadata", request, problems)


def _members(name: str, request: dict[str, Any], problems: Problems) -> dict[str, Any]:
    value = request.get(name)
    if value is None or isinstance(value, dict):
        return value or {}
    problems.add(name, f"`{name}` must be an object")
    return {}


def _text(text: dict[str, Any], problems: Problems) -> dict[str, Any]:
    problems.refuse_others("text", text, ("format", "verbosity"))
    chat = {"verbosity": text["verbosity"]} if text.get("verbosity") is not None else {}
    match text.get("format"):
        case None | {"type": "text"}:
            pass
        case {"type": "json_object"}:
            chat["response_format"] = {"type": "json_object"}
        case {"type": "json_schema", "name": str(), "schema": dict()} as given:
            schema = {name: value for name, value in given.items() if name != "type" and value is not None}
            chat["response_format"] = {"type": "json_schema", "json_schema": schema}
        case _:
            expected = "`text`, `json_object` or `json_schema`, the last with a `name` and a `schema`"
            problems.add("text.format", f"`text.format` must be an object of type {expected}")
    return chat


def _reasoning(reasoning: dict[str, Any], problems: Problems) -> dict[str, Any]:
    known = ["effort", "summary", "generate_summary"]
    known += [name for name, usual in (("context", "auto"), ("mode", "standard")) if reasoning.get(name) == usual]
    problems.refuse_others("reasoning", reasoning, known)
    return {"reasoning_effort": reasoning["effort"]} if reasoning.get("effort") is not None else {}


def _logprobs(request: dict[str, Any], problems: Problems) -> dict[str, Any]:
    include = request.get("include") or []
    if not isinstance(include, list):
        problems.add("include", "`include` must be a list")
        return {}
    for number, wanted in enumerate(include):
        if wanted not in _INCLUDABLE:
            problems.add(f"include[{number}]", f"cannot include {echo(str(wanted))}: the engine has no such output")
    top = request.get("top_logprobs")
    if not top and _INCLUDE_LOGPROBS not in include:
        return {}
    # llama.cpp tells none at all when it is asked for the 0 most likely.
    return {"logprobs": True, "top_logprobs": top or 1}


def _stream(request: dict[str, Any], problems: Problems) -> dict[str, Any]:
    problems.refuse_others("stream_options", _members("stream_options", request, problems), ())
    match request.get("stream"):
        case None | False:
            return {}
        case True:
            return {"stream": True, "stream_options": {"include_usage": True}}
        case _:
            problems.add("stream", "`stream` must be true or false")
            return {}


def _settings(request: dict[str, Any]) -> dict[str, Any]:
    text = request.get("text") or {}
    return {name: request.get(name) for name in _ECHOED} | {
        "background": False,
        "metadata": request.get("metadata") or {},
        "parallel_tool_calls": request.get("parallel_tool_calls") is not False,
        "previous_response_id": None,
        "reasoning": {"effort": (request.get("reasoning") or {}).get("effort"), "summary": None},
        "store": False,
        "text": text | {"format": text.get("format") or {"type": "text"}},
        "tool_choice": request.get("tool_choice") or "auto",
        "tools": request.get("tools") or [],
        "truncation": "disabled",
    }
