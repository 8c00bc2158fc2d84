"""From the `input` and `instructions` of a Responses request to the messages of a chat.

Chat templates are narrower than OpenAI's own models, so the messages keep to what all of them know: `developer` is
`system`; what stands before the first other message is one system message; text in several parts is one text, joined by
line feeds; the function calls of a turn hang on its assistant message.

Left out, since they do not change what the model is asked: `id`, `status`, `phase`, `caller`, cache break points, and
the annotations and log probabilities of earlier texts. Reasoning items of earlier turns are left out as well: most
templates drop earlier reasoning, and a sealed one can only be read by who sealed it.
"""

from __future__ import annotations

from typing import Any

from remuda.gateway.envelope import echo
from remuda.gateway.translate.responses_problems import Problems

Message = dict[str, Any]
"""A message of a chat, as JSON has it."""

_ROLES = {"user": "user", "assistant": "assistant", "system": "system", "developer": "system"}
_NEEDS = {
    "message": "a `role` and `content`",
    "function_call": "`call_id`, `name` and `arguments`, all strings",
    "function_call_output": "a `call_id` and an `output`",
    "input_text": "a `text`",
    "output_text": "a `text`",
    "refusal": "a `refusal`",
    "input_image": "an `image_url`: no files are kept here",
    "input_audio": "an `input_audio` with `data` and `format`",
}


def messages(request: Message, problems: Problems) -> list[Message]:
    """The chat that the request's `instructions` and `input` amount to."""
    conversation = _Conversation(problems)
    match request.get("instructions"):
        case None:
            pass
        case str(text):
            conversation.say("system", text)
        case _:
            problems.add("instructions", "`instructions` must be a string")
    match request.get("input"):
        case str(text):
            conversation.say("user", text)
        case list(items) if items:
            for number, item in enumerate(items):
                conversation.take(f"input[{number}]", item)
        case _:
            problems.add("input", "`input` must be a string, or a list of items that is not empty")
    return conversation.messages


class _Conversation:
    """The messages so far."""

    __slots__ = ("_problems", "messages")

    def __init__(self, problems: Problems) -> None:
        self.messages: list[Message] = []
        self._problems = problems

    def say(self, role: str, content: str | list[Message]) -> None:
        if role == "system" and len(self.messages) == 1 and self.messages[0]["role"] == "system":
            before = self.messages[0]["content"]
            if isinstance(before, str) and isinstance(content, str):
                self.messages[0]["content"] = f"{before}\n\n{content}"
                return
        self.messages.append({"role": role, "content": content})

    def take(self, where: str, item: Any) -> None:
        match item:
            case {"type": "reasoning"}:
                pass
            case {"type": "function_call", "call_id": str(call), "name": str(name), "arguments": str(arguments)}:
                if item.get("namespace"):
                    self._problems.refuse(f"{where}.namespace", "functions have no namespaces here; leave it out")
                self._call({"id": call, "type": "function", "function": {"name": name, "arguments": arguments}})
            case {"type": "function_call_output", "call_id": str(call), "output": str() | list() as output}:
                content = _content(f"{where}.output", output, self._problems)
                self.messages.append({"role": "tool", "tool_call_id": call, "content": content})
            case {"type": "item_reference"}:
                self._problems.refuse(where, "no items are kept here; write the item itself")
            case {"role": str(role), "content": str() | list() as content} if item.get("type", "message") == "message":
                self._message(where, role, content)
            case _:
                self._problems.add(where, _misfit(where, item, "item"))

    def _message(self, where: str, role: str, content: str | list[Any]) -> None:
        if role not in _ROLES:
            self._problems.add(f"{where}.role", f"`{where}.role` must be one of {_list(_ROLES)}, not {echo(role)}")
            return
        self.say(_ROLES[role], _content(f"{where}.content", content, self._problems))

    def _call(self, call: Message) -> None:
        if not self.messages or self.messages[-1]["role"] != "assistant":
            self.messages.append({"role": "assistant", "content": None})
        self.messages[-1].setdefault("tool_calls", []).append(call)


def _content(where: str, content: str | list[Any], problems: Problems) -> str | list[Message]:
    if isinstance(content, str):
        return content
    parts = [_part(f"{where}[{number}]", part, problems) for number, part in enumerate(content)]
    if all(part["type"] == "text" for part in parts):
        return "\n".join(part["text"] for part in parts)
    return parts


def _part(where: str, part: Any, problems: Problems) -> Message:
    match part:
        case {"type": "input_text" | "output_text", "text": str(text)} | {"type": "refusal", "refusal": str(text)}:
            return {"type": "text", "text": text}
        case {"type": "input_image", "image_url": str(url)}:
            detail = part.get("detail")
            return {"type": "image_url", "image_url": {"url": url, "detail": detail} if detail else {"url": url}}
        case {"type": "input_audio", "input_audio": {"data": str(), "format": str()} as audio}:
            return {"type": "input_audio", "input_audio": audio}
        case {"type": "input_file"}:
            problems.refuse(where, "the engine takes no files; give the text as `input_text` or pages as `input_image`")
        case _:
            problems.add(where, _misfit(where, part, "part"))
    return {"type": "text", "text": ""}


def _misfit(where: str, thing: Any, what: str) -> str:
    if not isinstance(thing, dict):
        return f"`{where}` must be an object"
    kind = thing.get("type", "message" if what == "item" else None)
    if not isinstance(kind, str):
        return f"`{where}.type` must be a string"
    if kind in _NEEDS:
        return f"`{where}`, of type `{kind}`, must have {_NEEDS[kind]}"
    return f"cannot use `{where}`: chat completions have no {what} of type {echo(kind)}; leave it out"


def _list(names: dict[str, str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
