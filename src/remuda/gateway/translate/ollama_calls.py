"""The calls of tools in an answer, whole as Ollama's clients want them; engines stream them in pieces.

Pieces of several calls may come mixed, each with its index, so no call is known to be whole before the model is done.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from remuda.gateway.translate.ollama_answers import CallPart, FunctionPart, UnreadableError


class _Call(msgspec.Struct):
    id: str | None = None
    name: str | None = None
    arguments: str = ""


class Calls:
    """Pieces in, calls out."""

    def __init__(self) -> None:
        self._calls: dict[int, _Call] = {}

    def add(self, parts: Iterable[CallPart]) -> None:
        """Take the next pieces."""
        for part in parts:
            function = part.function or FunctionPart()
            index = part.index if part.index is not None else self._next_index(function)
            call = self._calls.setdefault(index, _Call())
            call.id = call.id or part.id
            call.name = call.name or function.name
            call.arguments += function.arguments or ""

    def _next_index(self, function: FunctionPart) -> int:
        """A piece without an index that names a tool begins a call; another belongs to the last one."""
        return len(self._calls) if function.name else max(len(self._calls) - 1, 0)

    def take(self) -> list[dict[str, Any]]:
        """The calls in Ollama's form; the next ones start anew. Raises `UnreadableError`."""
        calls = [_ollama(index, call) for index, call in sorted(self._calls.items())]
        self._calls.clear()
        return calls


def _ollama(index: int, call: _Call) -> dict[str, Any]:
    function = {"index": index, "name": call.name or "", "arguments": _arguments(call)}
    return {"id": call.id, "function": function} if call.id else {"function": function}


def _arguments(call: _Call) -> dict[str, msgspec.Raw]:
    try:
        return msgspec.json.decode(call.arguments.strip() or "{}", type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeError, RecursionError) as reason:
        message = f"the model called `{call.name}` with arguments that are no JSON object: {reason}"
        raise UnreadableError(message) from None
