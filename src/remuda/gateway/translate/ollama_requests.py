"""Ollama's `/api/chat` and `/api/generate`, as requests to `/v1/chat/completions` and `/v1/completions`.

Chats and prompts become chats, so that the engine applies the model's template; a prompt with `raw` becomes a
completion, which has none.

Members without a counterpart: `template`, `context`, `suffix` and `_debug_render_only` are refused, and so are, with
`raw`, `system`, `images` and `logprobs`. `suffix` would be the `suffix` of OpenAI's completions, but vLLM refuses that
and llama.cpp generates as if it were not there. `truncate` and `shift` are not sent: what happens to a chat that
outgrows the context is set where the engine is started. `think` is not sent with `raw`, since it is the template that
reads it. Members that Ollama does not know are skipped, as Ollama does. `/api/generate` never returns `context`.

Source: ollama/ollama api/types.go, server/routes.go; llm/llama_server.go for how Ollama asks llama.cpp the same.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from remuda.gateway.translate.ollama_messages import Message, is_base64, openai_messages
from remuda.gateway.translate.ollama_options import sampling

_NO_FORMAT = msgspec.Raw(b"null")
_FORMATS = ("", "json", None)
_ANY_OBJECT = msgspec.Raw(b'{"type":"object"}')
_NO_TEMPLATE = "`template` is not supported: send the whole prompt with `raw: true` instead"
_NO_CONTEXT = "`context` is not supported: send the conversation to `/api/chat` instead"
_NO_SUFFIX = "`suffix` is not supported: send the prompt that the model knows for it with `raw: true` instead"
_NO_DEBUGGING = "`_debug_render_only` is not supported"

Think = bool | Literal["low", "medium", "high", "max"] | None


class Chat(msgspec.Struct):
    """A request to `/api/chat`."""

    model: str = ""
    messages: list[Message] | None = None
    stream: bool | None = None
    keep_alive: float | str | None = None
    options: dict[str, Any] | None = None
    format: msgspec.Raw = _NO_FORMAT
    tools: list[msgspec.Raw] | None = None
    think: Think = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    debug: bool | None = msgspec.field(default=None, name="_debug_render_only")


class Generate(msgspec.Struct):
    """A request to `/api/generate`."""

    model: str = ""
    prompt: str | None = None
    suffix: str | None = None
    system: str | None = None
    template: str | None = None
    context: list[int] | None = None
    raw: bool | None = None
    images: list[str] | None = None
    stream: bool | None = None
    keep_alive: float | str | None = None
    options: dict[str, Any] | None = None
    format: msgspec.Raw = _NO_FORMAT
    think: Think = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    debug: bool | None = msgspec.field(default=None, name="_debug_render_only")


def chat_problems(chat: Chat) -> list[str]:
    """Everything in the request that cannot be translated."""
    images = [image for message in chat.messages or () for image in message.images or ()]
    return _problems(chat, images)


def generate_problems(asked: Generate) -> list[str]:
    """Everything in the request that cannot be translated."""
    unsupported = ((asked.template, _NO_TEMPLATE), (asked.context, _NO_CONTEXT), (asked.suffix, _NO_SUFFIX))
    found = [problem for given, problem in unsupported if given]
    if asked.raw:
        unfit = {"system": asked.system, "images": asked.images, "logprobs": asked.logprobs}
        found += [f"`{name}` cannot go with `raw`" for name, given in unfit.items() if given]
    return found + _problems(asked, asked.images or [])


def chat_body(chat: Chat) -> dict[str, Any]:
    """The body for `/v1/chat/completions`."""
    found = _body(chat, openai_messages(chat.messages or ()))
    if chat.tools:
        found["tools"] = chat.tools
    return found


def generate_body(asked: Generate) -> dict[str, Any]:
    """The body for `/v1/chat/completions`."""
    system = [Message("system", asked.system)] if asked.system else []
    return _body(asked, openai_messages([*system, Message("user", asked.prompt, images=asked.images)]))


def completion_body(asked: Generate) -> dict[str, Any]:
    """The body for `/v1/completions`."""
    found = {**_common(asked), "prompt": asked.prompt}
    response_format = _response_format(asked.format)
    if response_format:
        # vLLM and SGLang read the one, llama.cpp the other.
        schema = asked.format if _is_schema(asked.format) else _ANY_OBJECT
        found |= {"response_format": response_format, "json_schema": schema}
    return found


def wants_stream(asked: Chat | Generate) -> bool:
    """Ollama streams unless told not to."""
    return asked.stream is not False


def _problems(asked: Chat | Generate, images: list[str]) -> list[str]:
    found = [_NO_DEBUGGING] if asked.debug else []
    if not _is_schema(asked.format) and msgspec.json.decode(asked.format) not in _FORMATS:
        found.append("`format` must be `json` or a JSON schema")
    if not all(map(is_base64, images)):
        found.append("`images` must be base64")
    return found


def _body(asked: Chat | Generate, messages: list[dict[str, Any]]) -> dict[str, Any]:
    found = {**_common(asked), **_thinking(asked.think), "messages": messages}
    if response_format := _response_format(asked.format):
        found["response_format"] = response_format
    if asked.logprobs:
        found |= {"logprobs": True, "top_logprobs": asked.top_logprobs or 0}
    return found


def _common(asked: Chat | Generate) -> dict[str, Any]:
    """The options first: none of them may stand for the model that the client's key was checked for."""
    found = {**sampling(asked.options), "model": asked.model, "stream": wants_stream(asked)}
    if found["stream"]:
        found["stream_options"] = {"include_usage": True}
    return found


def _response_format(asked: msgspec.Raw) -> dict[str, Any] | None:
    if _is_schema(asked):
        return {"type": "json_schema", "json_schema": {"name": "schema", "schema": asked}}
    return {"type": "json_object"} if msgspec.json.decode(asked) == "json" else None


def _is_schema(asked: msgspec.Raw) -> bool:
    return bytes(asked).startswith(b"{")


def _thinking(think: Think) -> dict[str, Any]:
    """Templates know the switch as `enable_thinking` or `thinking`; the effort, engines or templates."""
    if think is None:
        return {}
    switch: dict[str, Any] = dict.fromkeys(("enable_thinking", "thinking"), think is not False)
    if isinstance(think, bool):
        return {"chat_template_kwargs": switch}
    return {
        "chat_template_kwargs": {**switch, "reasoning_effort": think},
        # Engines refuse a word that they do not know; Ollama says `high` to such a model too.
        "reasoning_effort": "high" if think == "max" else think,
    }
