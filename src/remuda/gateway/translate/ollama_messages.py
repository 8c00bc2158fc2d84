"""Messages of Ollama's chat, as OpenAI's.

Ollama's messages name a tool where OpenAI's name a call: its clients drop the ids of calls. So calls get ids here, and
a tool's answer goes to the first open call of its tool; of any tool when it names none, as old clients do.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

_SNIFFED_CHARS = 24
_IMAGES = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"GIF8", "gif"),
    (b"BM", "bmp"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
)
# What Ollama says of an image that it does not know: engines look at the bytes themselves.
_OTHER_IMAGE = "jpeg"


class Function(msgspec.Struct):
    """A tool, and what it is called with."""

    name: str
    arguments: dict[str, msgspec.Raw] = {}


class ToolCall(msgspec.Struct):
    """A call that the model has made."""

    function: Function
    id: str | None = None


class Message(msgspec.Struct):
    """A message as Ollama's clients send it; `images` are base64, and may be sound as well."""

    role: str = ""
    content: str | None = None
    thinking: str | None = None
    images: list[str] | None = None
    tool_calls: list[ToolCall] | None = None
    tool_name: str | None = None
    tool_call_id: str | None = None


def is_base64(image: str) -> bool:
    """Whether the beginning, which tells what it is, can be read."""
    return _beginning(image) is not None


def openai_messages(messages: Iterable[Message]) -> list[dict[str, Any]]:
    """The messages in OpenAI's form; `thinking` becomes `reasoning_content`."""
    calls = _Calls()
    return [_openai(message, calls) for message in messages]


def _openai(message: Message, calls: _Calls) -> dict[str, Any]:
    role = message.role.lower()
    found: dict[str, Any] = {"role": role, "content": _content(message.content or "", message.images or ())}
    if message.thinking:
        found["reasoning_content"] = message.thinking
    if message.tool_calls:
        found["tool_calls"] = [calls.made(call) for call in message.tool_calls]
    if message.tool_name:
        found["name"] = message.tool_name
    if role == "tool" and (call_id := calls.answered(message)):
        found["tool_call_id"] = call_id
    return found


class _Calls:
    """The calls that no tool has answered yet."""

    def __init__(self) -> None:
        self._count = 0
        self._open: dict[str, str] = {}

    def made(self, call: ToolCall) -> dict[str, Any]:
        call_id = call.id or f"call_{self._count}"
        self._count += 1
        self._open[call_id] = call.function.name
        arguments = msgspec.json.encode(call.function.arguments).decode()
        return {"id": call_id, "type": "function", "function": {"name": call.function.name, "arguments": arguments}}

    def answered(self, message: Message) -> str | None:
        """The id of the call that the message answers; None when there is none, which the engine may mind."""
        call_id = message.tool_call_id or next(
            (call_id for call_id, name in self._open.items() if message.tool_name in (name, None)), None
        )
        if call_id is not None:
            self._open.pop(call_id, None)
        return call_id


def _content(text: str, images: Sequence[str]) -> str | list[dict[str, Any]]:
    if not images:
        return text
    parts: list[dict[str, Any]] = [{"type": "text", "text": text}] if text else []
    return parts + [_media(image) for image in images]


def _media(image: str) -> dict[str, Any]:
    # Some encoders break lines, which Ollama reads over and engines do not.
    data = "".join(image.split()) if "\n" in image else image
    beginning = _beginning(data) or b""
    if sound := _sound(beginning):
        return {"type": "input_audio", "input_audio": {"data": data, "format": sound}}
    return {"type": "image_url", "image_url": {"url": f"data:image/{_image(beginning)};base64,{data}"}}


def _beginning(image: str) -> bytes | None:
    first = "".join(image[: 2 * _SNIFFED_CHARS].split())[:_SNIFFED_CHARS]
    try:
        return base64.b64decode(first, validate=True)
    except (binascii.Error, ValueError):
        return None


def _image(beginning: bytes) -> str:
    if beginning.startswith(b"RIFF") and beginning[8:12] == b"WEBP":
        return "webp"
    return next((kind for magic, kind in _IMAGES if beginning.startswith(magic)), _OTHER_IMAGE)


def _sound(beginning: bytes) -> str | None:
    if beginning.startswith(b"RIFF") and beginning[8:12] == b"WAVE":
        return "wav"
    # An MPEG frame begins with eleven bits that are set; JPEG's second byte, 0xd8, has only two.
    is_frame = beginning[:1] == b"\xff" and beginning[1:2] >= b"\xe0"
    return "mp3" if is_frame or beginning.startswith(b"ID3") else None
