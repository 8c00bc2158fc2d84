"""Ollama's API in front of any engine: the address of its parts.

`translate` reads a request. What Ollama itself would refuse is refused at once; what only an engine with OpenAI's API
cannot do is told in place of the translation, since an Ollama among the engines gets the request as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, TypeVar

import msgspec

from remuda.gateway.envelope import echo
from remuda.gateway.shapes import Fault
from remuda.gateway.translate import ollama_replies
from remuda.gateway.translate.duration import duration_s
from remuda.gateway.translate.ollama_embeddings import Embed, OldEmbed, embed, old_embed
from remuda.gateway.translate.ollama_listing import (
    CAPABILITIES,
    VERSION,
    Seen,
    plain_name,
    running,
    show,
    tags,
    version,
)
from remuda.gateway.translate.ollama_replies import Clock, Lines, Reply, timestamp
from remuda.gateway.translate.ollama_requests import (
    Chat,
    Generate,
    chat_body,
    chat_problems,
    completion_body,
    generate_body,
    generate_problems,
    wants_stream,
)
from remuda.gateway.translation import Translated

__all__ = [
    "CAPABILITIES",
    "VERSION",
    "Clock",
    "KeepAlive",
    "OllamaRequest",
    "Seen",
    "bare_reply",
    "plain_name",
    "running",
    "show",
    "shown_name",
    "tags",
    "translate",
    "version",
]

_Asked = Chat | Generate | Embed | OldEmbed
_KINDS: Mapping[bytes, type[_Asked]] = MappingProxyType(
    {b"/api/chat": Chat, b"/api/generate": Generate, b"/api/embed": Embed, b"/api/embeddings": OldEmbed}
)
# What Go's durations can hold, 292 years; Ollama takes a negative one for the longest.
_FOR_EVER_S = 2**63 / 1e9
_NO_MODEL = Fault(HTTPStatus.BAD_REQUEST, "the body must name a `model`", "invalid_model", "model")
_T = TypeVar("_T")


class KeepAlive(msgspec.Struct, frozen=True):
    """How long the model stays after the request, in seconds: 0 not at all, None for ever."""

    ttl_s: float | None


class OllamaRequest(msgspec.Struct, frozen=True):
    """A request, read.

    `keep_alive`: None when the client leaves it to the fleet file. `is_stream`: whether the client reads lines.
    `translation`: None when nothing is asked of the model but to be loaded (`bare_reply` is the answer); with a
    `keep_alive` of 0, to be unloaded.
    """

    model: str
    keep_alive: KeepAlive | None
    is_stream: bool
    translation: Translated | None


class Conversation(msgspec.Struct, frozen=True):
    """The `Translation` of a chat or a prompt."""

    path: bytes
    body: bytes
    is_stream: bool
    reply: Reply

    def whole(self, status: int, body: bytes) -> tuple[int, bytes]:
        """The answer in one piece."""
        return ollama_replies.whole(self.reply, status, body)

    def events(self) -> Lines:
        """The answer as lines."""
        return Lines(self.reply)


def translate(path: bytes, body: bytes | bytearray, now: Clock) -> OllamaRequest | Fault:
    """Read a request to `/api/chat`, `/api/generate`, `/api/embed` or `/api/embeddings`."""
    asked = _decode(_KINDS[path], body)
    if isinstance(asked, Fault):
        return asked
    if not asked.model:
        return _NO_MODEL
    keep_alive = _keep_alive(asked.keep_alive)
    if isinstance(keep_alive, Fault):
        return keep_alive
    is_stream = isinstance(asked, Chat | Generate) and wants_stream(asked)
    return OllamaRequest(asked.model, keep_alive, is_stream, _translation(asked, now))


def bare_reply(path: bytes, model: str, *, unloaded: bool, now: Clock) -> bytes:
    """The answer to a request that only loads or unloads; one JSON object even where a stream was asked for."""
    if path == b"/api/embed":
        return msgspec.json.encode({"model": model, "embeddings": []})
    if path == b"/api/embeddings":
        return msgspec.json.encode({"embedding": []})
    text: dict[str, Any] = {"response": ""}
    if path == b"/api/chat":
        text = {"message": {"role": "assistant", "content": ""}}
    reason = "unload" if unloaded else "load"
    return msgspec.json.encode(
        {"model": model, "created_at": timestamp(now()), **text, "done": True, "done_reason": reason}
    )


class _Show(msgspec.Struct):
    model: str = ""
    name: str = ""


def shown_name(body: bytes | bytearray) -> str | Fault:
    """The model that a request to `/api/show` asks for; `name` is what old clients write."""
    asked = _decode(_Show, body)
    return asked if isinstance(asked, Fault) else asked.model or asked.name or _NO_MODEL


def _translation(asked: _Asked, now: Clock) -> Translated | None:
    match asked:
        case Chat():
            return _chatting(asked, now) if asked.messages else None
        case Generate():
            return _generating(asked, now) if asked.prompt else None
        case Embed():
            return embed(asked, now) if asked.input else None
        case OldEmbed():
            return old_embed(asked, now) if asked.prompt else None


def _chatting(asked: Chat, now: Clock) -> Translated:
    if problems := chat_problems(asked):
        return _untranslatable(problems)
    reply = Reply(asked.model, is_chat=True, now=now, began=now())
    return _conversation(b"/v1/chat/completions", chat_body(asked), reply)


def _generating(asked: Generate, now: Clock) -> Translated:
    if problems := generate_problems(asked):
        return _untranslatable(problems)
    reply = Reply(asked.model, is_chat=False, now=now, began=now())
    if asked.raw:
        return _conversation(b"/v1/completions", completion_body(asked), reply)
    return _conversation(b"/v1/chat/completions", generate_body(asked), reply)


def _conversation(path: bytes, content: dict[str, Any], reply: Reply) -> Conversation:
    return Conversation(path, msgspec.json.encode(content), content["stream"], reply)


def _untranslatable(problems: list[str]) -> Fault:
    return Fault(HTTPStatus.BAD_REQUEST, "; ".join(problems), "unsupported")


def _decode(kind: type[_T], body: bytes | bytearray) -> _T | Fault:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as reason:
        return Fault(HTTPStatus.BAD_REQUEST, f"the body is not what this path takes: {reason}", "invalid_body")
    except (msgspec.DecodeError, UnicodeDecodeError) as reason:
        return Fault(HTTPStatus.BAD_REQUEST, f"cannot read the body as JSON: {reason}", "invalid_json")
    except RecursionError:
        return Fault(HTTPStatus.BAD_REQUEST, "cannot read the body as JSON: it is nested too deeply", "invalid_json")


def _keep_alive(given: float | str | None) -> KeepAlive | Fault | None:
    if given is None:
        return None
    ttl_s = duration_s(given) if isinstance(given, str) else given
    if ttl_s is None:
        message = f"`keep_alive` must be a duration such as `5m`, or a number of seconds, not {echo(str(given))}"
        return Fault(HTTPStatus.BAD_REQUEST, message, "invalid_keep_alive", "keep_alive")
    return KeepAlive(ttl_s if 0 <= ttl_s < _FOR_EVER_S else None)
