"""Anthropic's Messages API in front of engines that speak chat completions.

The request is built in `anthropic_request`, what comes back is told by `anthropic_reply` and `anthropic_events`. The
reply names the model as the client wrote it, not as the engine calls it.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from remuda.gateway.shapes import Fault
from remuda.gateway.translate.anthropic_events import MessageEvents
from remuda.gateway.translate.anthropic_reply import whole_count, whole_message
from remuda.gateway.translate.anthropic_request import read

# What vLLM's `/tokenize` takes of a chat; the rest of a request changes nothing in the prompt.
_COUNTED = ("model", "messages", "tools", "chat_template_kwargs", "add_generation_prompt", "continue_final_message")


@dataclass(frozen=True, slots=True)
class MessageTranslation:
    """`/v1/messages` as `/v1/chat/completions`."""

    body: bytes
    is_stream: bool
    model: str
    beginning: str
    path: bytes = b"/v1/chat/completions"

    def whole(self, status: int, body: bytes) -> tuple[int, bytes]:
        """The message, or the error."""
        return whole_message(self.model, self.beginning, status, body)

    def events(self) -> MessageEvents:
        """The message, event by event."""
        return MessageEvents(self.model)


@dataclass(frozen=True, slots=True)
class CountTranslation:
    """`/v1/messages/count_tokens` as vLLM's `/tokenize`, which answers with a `count`."""

    body: bytes
    model: str
    path: bytes = b"/tokenize"
    is_stream: bool = False

    def whole(self, status: int, body: bytes) -> tuple[int, bytes]:
        """The count, or the error."""
        return whole_count(status, body)

    def events(self) -> MessageEvents:
        """A translator that tells the error of an engine that streams what nobody asked it to."""
        return MessageEvents(self.model)


def translate(body: bytes | bytearray) -> MessageTranslation | Fault:
    """A request for a message, or why it cannot be put to an engine."""
    chat = read(body, needs_limit=True)
    if isinstance(chat, Fault):
        return chat
    return MessageTranslation(msgspec.json.encode(chat.content), chat.is_stream, chat.model, chat.beginning)


def translate_count(body: bytes | bytearray) -> CountTranslation | Fault:
    """A request for the length of a prompt, or why it cannot be put to an engine."""
    chat = read(body, needs_limit=False)
    if isinstance(chat, Fault):
        return chat
    content = {name: chat.content[name] for name in _COUNTED if name in chat.content}
    return CountTranslation(msgspec.json.encode(content), chat.model)
