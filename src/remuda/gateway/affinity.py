"""What requests have in common that should stay together: the beginning of a conversation, or a header.

An engine keeps what it computed for a prompt and uses it again for a prompt that begins alike. All requests of one
conversation begin with the same system prompt and the same first message of the user, in whichever protocol it is held;
later messages differ and are not looked at. Only the bytes count: a client writes its messages the same way every time.
"""

from __future__ import annotations

import hashlib

import msgspec

_PART_MAX_BYTES = 64 * 1024


class _Message(msgspec.Struct):
    role: object = None
    content: msgspec.Raw = msgspec.Raw()


class _Conversation(msgspec.Struct):
    """Where the protocols keep the beginning.

    Chat and Anthropic: `messages`, `system`. Responses: `input`, `instructions`. Completions and Ollama: `prompt`.
    """

    system: msgspec.Raw = msgspec.Raw()
    instructions: msgspec.Raw = msgspec.Raw()
    messages: msgspec.Raw = msgspec.Raw()
    input: msgspec.Raw = msgspec.Raw()
    prompt: msgspec.Raw = msgspec.Raw()


_CONVERSATION = msgspec.json.Decoder(_Conversation)
_MESSAGES = msgspec.json.Decoder(list[_Message])


def prefix_key(body: bytes | bytearray) -> int | None:
    """64 bits of the conversation's beginning; None for a body that holds none."""
    try:
        found = _CONVERSATION.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    turns = found.messages or found.input or found.prompt
    parts = [found.system, found.instructions, *_beginning(turns)]
    return _key(parts) if any(parts) else None


def header_key(value: bytes) -> int:
    """64 bits of a header's value."""
    return _key([value])


def _beginning(turns: msgspec.Raw) -> list[msgspec.Raw]:
    """The messages up to the first one of the user; a text as it is."""
    try:
        messages = _MESSAGES.decode(turns)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return [turns]
    first = next((index for index, message in enumerate(messages) if message.role == "user"), len(messages))
    return [message.content for message in messages[: first + 1]]


def _key(parts: list[msgspec.Raw] | list[bytes]) -> int:
    digest = hashlib.blake2b(digest_size=8)
    for part in parts:
        view = memoryview(part)
        digest.update(b"%d:" % len(view))
        digest.update(view[:_PART_MAX_BYTES])
    return int.from_bytes(digest.digest())
