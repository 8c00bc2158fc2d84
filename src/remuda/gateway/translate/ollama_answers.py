"""What engines answer in OpenAI's protocol, as far as Ollama's clients are told of it: whole answers, chunks, errors.

One reader for whole answers and chunks of a stream, of chats and completions: they differ in where the text stands.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import msgspec

from remuda.gateway.shapes import Fault, Shape, fault_body

_MESSAGE_CHARS = 2000


class FunctionPart(msgspec.Struct):
    """A called tool, whole or the next piece of it; `arguments` is the text of a JSON object."""

    name: str | None = None
    arguments: str | None = None


class CallPart(msgspec.Struct):
    """A call, whole or the next piece of it. Engines that leave `index` out send one call at a time."""

    index: int | None = None
    id: str | None = None
    function: FunctionPart | None = None


class Said(msgspec.Struct):
    """A message, or the next piece of it. vLLM calls `reasoning` what others call `reasoning_content`."""

    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    tool_calls: list[CallPart] | None = None

    @property
    def thinking(self) -> str:
        """What the model thought, empty if nothing."""
        return self.reasoning_content or self.reasoning or ""


class Logprobs(msgspec.Struct):
    """Each token with its probability, in OpenAI's form, which is Ollama's as well."""

    content: list[msgspec.Raw] | None = None


class Choice(msgspec.Struct):
    """One of the texts; `text` in completions, `message` in a chat, `delta` in the stream of one."""

    index: int = 0
    text: str | None = None
    message: Said | None = None
    delta: Said | None = None
    finish_reason: str | None = None
    logprobs: Logprobs | None = None

    @property
    def said(self) -> Said:
        """The text, wherever it stands."""
        return self.message or self.delta or Said(self.text)

    @property
    def tokens(self) -> list[msgspec.Raw]:
        """Each token with its probability, if they were asked for."""
        return (self.logprobs and self.logprobs.content) or []


class Usage(msgspec.Struct):
    """Counted tokens."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class Timings(msgspec.Struct):
    """llama.cpp's measurements."""

    prompt_ms: float | None = None
    predicted_ms: float | None = None


class Embedded(msgspec.Struct):
    """The embedding of one input."""

    embedding: list[float]
    index: int = 0


class Answer(msgspec.Struct):
    """An answer or a chunk of one."""

    choices: list[Choice] = []
    data: list[Embedded] = []
    usage: Usage | None = None
    timings: Timings | None = None
    error: Any = None
    object: str | None = None

    @property
    def is_error(self) -> bool:
        """Whether it is no answer; older vLLM has its sentence not below `error`."""
        return self.error is not None or self.object == "error"

    @property
    def choice(self) -> Choice | None:
        """The first of the choices; Ollama's protocol has no more."""
        return next((choice for choice in self.choices if choice.index == 0), None)


_DECODER = msgspec.json.Decoder(Answer)


class UnreadableError(ValueError):
    """The engine has answered otherwise than its protocol says."""


def read(text: bytes) -> Answer:
    """An answer or a chunk. Raises `UnreadableError`."""
    try:
        return _DECODER.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as reason:
        raise UnreadableError(f"cannot read the engine's answer: {reason}") from None


def failure(status: int, body: bytes) -> tuple[int, bytes]:
    """The answer of an engine that refuses a request."""
    message = error_message(body) or f"the engine answered with status {status}"
    return status, msgspec.json.encode({"error": message})


def missing(member: str, answer: Answer, body: bytes) -> tuple[int, bytes]:
    """The answer of an engine that has accepted a request and yet has not served it."""
    if answer.is_error:
        return failure(HTTPStatus.BAD_GATEWAY, body)
    return unreadable(f"cannot read the engine's answer: it has no `{member}`")


def unreadable(message: str) -> tuple[int, bytes]:
    """The answer instead of one that cannot be read."""
    fault = bad_answer(message)
    return fault.status, fault_body(fault, Shape.OLLAMA)


def bad_answer(message: str) -> Fault:
    """Why an engine's answer is not passed on."""
    return Fault(HTTPStatus.BAD_GATEWAY, message, "bad_answer")


def error_message(body: bytes) -> str:
    """The sentence in the body of an error, as `error`, `message` or `detail`; otherwise the beginning of the body."""
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return body[:_MESSAGE_CHARS].decode(errors="replace").strip()
    while isinstance(found, dict):
        found = next((found[name] for name in ("error", "message", "detail") if found.get(name)), "")
    return found if isinstance(found, str) else msgspec.json.encode(found).decode()
