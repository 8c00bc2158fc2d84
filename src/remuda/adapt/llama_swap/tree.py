"""A configuration as a tree of which every value knows where it is written.

Macros and the merging of files move values about; with its place in it, a value can still be pointed at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from remuda.adapt.llama_swap import variables
from remuda.errors import Position
from remuda.spec.document import Document, Path

_SHOWN: Final = 60

Plain = str | int | float | bool | None
"""A single value."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is written."""

    file: str
    position: Position | None = None


@dataclass(frozen=True, slots=True)
class Node:
    """A value. `place` is its own, `key` that of the key that leads to it."""

    value: Plain | dict[str, Node] | list[Node]
    place: Place
    key: Place

    @property
    def pairs(self) -> dict[str, Node]:
        """The members, if this is a mapping."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def items(self) -> list[Node]:
        """The items, if this is a list."""
        return self.value if isinstance(self.value, list) else []

    def of(self, value: Plain | dict[str, Node] | list[Node]) -> Node:
        """Another value at the same place."""
        return Node(value, self.place, self.key)

    def get(self, *keys: str) -> Node | None:
        """The value below, if there is one that is not null."""
        node: Node | None = self
        for key in keys:
            node = node.pairs.get(key) if node else None
        return None if node is None or node.value is None else node


def empty(file: str) -> Node:
    """A file without anything in it."""
    return Node({}, Place(file), Place(file))


def tree(document: Document, environment: Mapping[str, str] | None = None) -> Node:
    """The values of a document; a variable in a key has its value, if that is known."""
    known = environment or {}

    def named(key: str) -> str:
        return variables.filled(key, lambda name: known.get(name, f"${{env.{name}}}"))

    return _node(document, named, document.data, ())


def _node(document: Document, named: Callable[[str], str], data: Any, path: Path) -> Node:
    value: Plain | dict[str, Node] | list[Node] = data
    if isinstance(data, dict):
        value = {named(name): _node(document, named, child, (*path, name)) for name, child in data.items()}
    elif isinstance(data, list):
        value = [_node(document, named, child, (*path, index)) for index, child in enumerate(data)]
    return Node(value, Place(document.file, document.at(path)), Place(document.file, document.at_key(path)))


def texts(node: Node, path: Path = ()) -> Iterator[tuple[Path, Node, str]]:
    """Every text, with its path."""
    if isinstance(node.value, str):
        yield path, node, node.value
    for key, child in node.pairs.items():
        yield from texts(child, (*path, key))
    for index, child in enumerate(node.items):
        yield from texts(child, (*path, index))


def kind(node: Node) -> str:
    """What a value is, for a message."""
    match node.value:
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case None:
            return "nothing"
        case bool() as value:
            return f"`{str(value).lower()}`"
        case value:
            text = variables.shown(str(value))
            return f"`{text[:_SHOWN]}…`" if len(text) > _SHOWN else f"`{text}`"
