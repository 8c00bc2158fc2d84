"""What an engine answers to chat completions, as much of it as a response tells.

A whole message and a delta of a stream are one type: a message is a stream of one delta. Engines write null where they
have nothing to say, so nearly every member may be null.
"""

from __future__ import annotations

from typing import Any

import msgspec


class Function(msgspec.Struct, frozen=True):
    """The function that is called, or a piece of its arguments."""

    name: str | None = None
    arguments: str | None = None


class ToolCall(msgspec.Struct, frozen=True):
    """A tool call, or a piece of one; a call that comes whole has no `index`."""

    function: Function = Function()
    id: str | None = None
    index: int | None = None


class Delta(msgspec.Struct, frozen=True):
    """A piece of a message. The reasoning has one name at llama.cpp and SGLang, another at newer vLLM."""

    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    refusal: str | None = None
    tool_calls: list[ToolCall] | None = None


class Token(msgspec.Struct, frozen=True):
    """A token with its log probability, and the most likely ones in its place."""

    token: str
    logprob: float
    bytes: list[int] | None = None
    top_logprobs: list[Token] | None = None


class Logprobs(msgspec.Struct, frozen=True):
    """The tokens of a piece of content."""

    content: list[Token] | None = None


class Choice(msgspec.Struct, frozen=True):
    """An answer, or a piece of one. Never more than one is asked for."""

    index: int = 0
    message: Delta | None = None
    delta: Delta | None = None
    finish_reason: str | None = None
    logprobs: Logprobs | None = None

    @property
    def tokens(self) -> list[Token]:
        """The tokens of its content; none unless they were asked for."""
        return (self.logprobs and self.logprobs.content) or []


class PromptDetails(msgspec.Struct, frozen=True):
    """Numbers of tokens."""

    cached_tokens: int | None = None


class CompletionDetails(msgspec.Struct, frozen=True):
    """Numbers of tokens."""

    reasoning_tokens: int | None = None


class Usage(msgspec.Struct, frozen=True):
    """Numbers of tokens."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    prompt_tokens_details: PromptDetails | None = None
    completion_tokens_details: CompletionDetails | None = None


class Reply(msgspec.Struct, frozen=True):
    """A whole reply, or one event of a stream. `created`: seconds since 1970. `error`: it has failed."""

    id: str | None = None
    created: int | float | None = None
    model: str | None = None
    service_tier: str | None = None
    choices: list[Choice] | None = None
    usage: Usage | None = None
    error: Any = None


READ = msgspec.json.Decoder(Reply).decode
"""The reply in these bytes; raises `UNREADABLE`."""

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What is raised for bytes that are no reply."""
