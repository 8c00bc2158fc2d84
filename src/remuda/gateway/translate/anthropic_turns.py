"""Turns of Anthropic's Messages API as messages of a chat completion.

What has no counterpart and how it is put:

- a turn with tool results becomes one `tool` message for each, and one user message with what else the turn holds.
  Not every engine takes images in `tool` messages, so those of results begin that user message, as vLLM puts them;
- `is_error` of a result becomes the word `Error:` before its text;
- thinking in the history is given back as `reasoning_content` (llama.cpp, SGLang) and `reasoning` (vLLM), as these
  engines do on their own `/v1/messages`: templates keep of it what the model was trained with, which matters between
  tool calls. Redacted thinking can be read by nobody but Anthropic's service and is left out, and so are signatures;
- text blocks of one assistant turn are joined by line feeds, those of `system` by empty lines;
- `cache_control`, `citations`, `caller` and `transformations` of blocks are left out: they are about Anthropic's
  service, not about what the model is told.

Every other kind of block (`document`, `search_result`, `server_tool_use`, results of server tools, files) is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import msgspec

from remuda.gateway.envelope import echo

_MEMBERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "text": ("text",),
        "image": ("source",),
        "tool_use": ("id", "name"),
        "tool_result": ("tool_use_id",),
        "thinking": ("thinking",),
    }
)
_CARRIED: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "user": frozenset(("text", "image", "tool_result")),
        "assistant": frozenset(("text", "tool_use", "thinking", "redacted_thinking")),
        "system": frozenset(("text",)),
        "tool_result": frozenset(("text", "image")),
    }
)

Message = dict[str, object]


class Source(msgspec.Struct, frozen=True):
    """Where the bytes of an image are."""

    type: str
    media_type: str = "image/png"
    data: str = ""
    url: str = ""


class Block(msgspec.Struct, frozen=True):
    """A content block of any kind; which members it must have follows from its `type`."""

    type: str
    text: str | None = None
    source: Source | str | None = None
    id: str | None = None
    name: str | None = None
    input: msgspec.Raw = msgspec.field(default_factory=lambda: msgspec.Raw(b"{}"))
    tool_use_id: str | None = None
    content: str | list[Block] | dict[str, object] | None = None
    is_error: bool | None = None
    thinking: str | None = None


class Turn(msgspec.Struct, frozen=True):
    """One entry of `messages`."""

    role: str
    content: str | list[Block]


class Conversation:
    """The messages of a chat completion while they are built, and the `problems`: what cannot be carried, and where."""

    __slots__ = ("messages", "problems")

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.problems: list[str] = []

    def add_system(self, content: str | Sequence[Block], at: str) -> None:
        """Instructions, which stand where the client put them."""
        if not isinstance(content, str):
            content = "\n\n".join(block.text or "" for block in self._carried(content, "system", at))
        if content:
            self.messages.append({"role": "system", "content": content})

    def add_turn(self, turn: Turn, at: str) -> None:
        """A turn of the user or the model."""
        if turn.role not in ("user", "assistant", "system"):
            self.problems.append(f"`{at}.role` must be `user`, `assistant` or `system`, not {echo(turn.role)}")
        elif turn.role == "system":
            self.add_system(turn.content, f"{at}.content")
        elif isinstance(turn.content, str):
            self.messages.append({"role": turn.role, "content": turn.content})
        elif turn.role == "user":
            self._add_user(turn.content, f"{at}.content")
        else:
            self._add_assistant(turn.content, f"{at}.content")

    def _add_user(self, blocks: Sequence[Block], at: str) -> None:
        images: list[Message] = []
        parts: list[Message] = []
        for number, block in enumerate(self._carried(blocks, "user", at)):
            if block.type == "tool_result":
                images += self._add_result(block, f"{at}[{number}]")
            else:
                parts.append(_part(block))
        parts = images + parts
        if parts:
            is_plain = len(parts) == 1 and parts[0]["type"] == "text"
            self.messages.append({"role": "user", "content": parts[0]["text"] if is_plain else parts})

    def _add_result(self, result: Block, at: str) -> list[Message]:
        """Add the result of a tool; its images are returned."""
        text, images = "", []
        if isinstance(result.content, str):
            text = result.content
        elif isinstance(result.content, list):
            blocks = self._carried(result.content, "tool_result", f"{at}.content")
            text = "\n".join(block.text or "" for block in blocks if block.type == "text")
            images = [_part(block) for block in blocks if block.type == "image"]
        elif result.content is not None:
            self.problems.append(f"`{at}.content` must be a string or a list of blocks")
        if result.is_error:
            text = f"Error: {text}"
        self.messages.append({"role": "tool", "tool_call_id": result.tool_use_id, "content": text})
        return images

    def _add_assistant(self, blocks: Sequence[Block], at: str) -> None:
        carried = self._carried(blocks, "assistant", at)
        message: Message = {
            "role": "assistant",
            "content": "\n".join(block.text or "" for block in carried if block.type == "text"),
        }
        thinking = "\n".join(block.thinking or "" for block in carried if block.type == "thinking")
        if thinking:
            message["reasoning_content"] = message["reasoning"] = thinking
        calls = [_call(block) for block in carried if block.type == "tool_use"]
        if calls:
            message["tool_calls"] = calls
        self.messages.append(message)

    def _carried(self, blocks: Sequence[Block], place: str, at: str) -> list[Block]:
        """The blocks that can be carried in such a place; the others become problems."""
        found = len(self.problems)
        for number, block in enumerate(blocks):
            self.problems += _problems(block, _CARRIED[place], f"{at}[{number}]")
        return list(blocks) if len(self.problems) == found else []


def _problems(block: Block, carried: frozenset[str], at: str) -> list[str]:
    if block.type not in carried:
        return [f"`{at}`: a block of type {echo(block.type)} cannot be carried, leave it out"]
    lacking = [name for name in _MEMBERS.get(block.type, ()) if getattr(block, name) is None]
    if lacking:
        return [f"`{at}` must have `{name}`" for name in lacking]
    if block.type == "tool_use" and not bytes(block.input).startswith(b"{"):
        return [f"`{at}.input` must be an object"]
    if block.type == "image" and not (isinstance(block.source, Source) and block.source.type in ("base64", "url")):
        return [f"`{at}.source`: only images with a source of type `base64` or `url` can be carried"]
    return []


def _part(block: Block) -> Message:
    if not isinstance(block.source, Source):
        return {"type": "text", "text": block.text}
    source = block.source
    url = source.url if source.type == "url" else f"data:{source.media_type};base64,{source.data}"
    return {"type": "image_url", "image_url": {"url": url}}


def _call(block: Block) -> Message:
    arguments = bytes(block.input).decode()
    return {"id": block.id, "type": "function", "function": {"name": block.name, "arguments": arguments}}
