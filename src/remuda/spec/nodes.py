"""YAML text to a tree of nodes with positions; the only user of ruamel.

ruamel's pure parser yields events; this module makes nodes of them instead of using ruamel's composer, because it
needs three things that the composer has not: bounds on depth and size while the text is still being read, an error for
an anchor that contains itself, and scalars by the core schema of YAML 1.2 (`no` and `2024-01-01` are text).

Merge keys, duplicate keys and what the document means are the business of `remuda.spec.document`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    MappingStartEvent,
    ScalarEvent,
)

from remuda.errors import Position, Problem

MAX_DEPTH: Final = 64
MAX_VALUES: Final = 200_000
"""Values in one file, aliases expanded: 200 models have about 4,000."""

_TAG: Final = "tag:yaml.org,2002:"
_NULL: Final = frozenset(("", "~", "null", "Null", "NULL"))
_BOOL: Final = {t: t.lower() == "true" for t in ("true", "True", "TRUE", "false", "False", "FALSE")}
_INT: Final = re.compile(r"[-+]?[0-9]{1,100}|0o[0-7]{1,100}|0x[0-9a-fA-F]{1,100}")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)")
_NAN: Final = frozenset((".nan", ".NaN", ".NAN"))
_NUMBER_START: Final = frozenset("+-.0123456789")


Span = tuple[int, int]
"""Where the text of a value begins and ends, in characters. A text in a block ends with the lines that belong to it."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value. `plain` is its text if it was written without quotes or a tag."""

    position: Position
    value: str | int | float | bool | None
    plain: str | None
    span: Span


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    position: Position
    items: tuple[Node, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Mapping:
    """Pairs of key and value in the order of the text; keys may repeat."""

    position: Position
    items: tuple[tuple[Node, Node], ...]
    span: Span


Node = Scalar | Sequence | Mapping


class MalformedError(Exception):
    """The text is not one YAML document; `problem` says where and why."""

    def __init__(self, message: str, position: Position | None, hint: str | None = None) -> None:
        super().__init__(message)
        self.problem = Problem(message, position=position, hint=hint)


def compose(text: str) -> Node | None:
    """The only document of a YAML text, or None when there is none; raises `MalformedError`.

    The text must not hold characters that YAML forbids (see `remuda.spec.document.decode`).
    """
    try:
        return _Composer(YAML(typ="safe", pure=True).parse(text)).document()
    except MarkedYAMLError as error:
        raise _malformed(error) from None


@dataclass(slots=True)
class _Composer:
    events: Iterator[Any]
    anchors: dict[str, Node] = field(default_factory=dict)
    open_anchors: list[str] = field(default_factory=list)
    values: int = 0

    def document(self) -> Node | None:
        root: Node | None = None
        for event in self.events:
            if isinstance(event, DocumentStartEvent):
                if root is not None:
                    message = "a second document starts here: expected one document in the file"
                    raise MalformedError(message, _position(event), "remove the line `---` or split the file")
                root = self.node(next(self.events), 0)
        return root

    def node(self, event: AliasEvent | ScalarEvent | CollectionStartEvent, depth: int) -> Node:
        self.values += 1
        if self.values > MAX_VALUES or depth > MAX_DEPTH:
            raise too_large(_position(event), deep=depth > MAX_DEPTH)
        if isinstance(event, AliasEvent):
            return self.alias(event)
        if isinstance(event, ScalarEvent):
            return self.named(event.anchor, _scalar(event))
        if event.anchor is None:
            return self.collection(event, depth)
        self.open_anchors.append(event.anchor)
        node = self.collection(event, depth)
        self.open_anchors.pop()
        return self.named(event.anchor, node)

    def named(self, anchor: str | None, node: Node) -> Node:
        if anchor is not None:
            self.anchors[anchor] = node
        return node

    def alias(self, event: AliasEvent) -> Node:
        name = event.anchor
        if name in self.open_anchors:
            raise MalformedError(f"the alias `*{name}` is inside the value that it stands for", _position(event))
        if name not in self.anchors:
            message = f"the alias `*{name}` has no anchor `&{name}` before it"
            raise MalformedError(message, _position(event), "quote the value if the `*` is meant literally")
        return self.anchors[name]

    def collection(self, event: CollectionStartEvent, depth: int) -> Node:
        is_mapping = isinstance(event, MappingStartEvent)
        if event.tag not in (None, "!", _TAG + ("map" if is_mapping else "seq")):
            raise _unknown_tag(str(event.tag), _position(event))
        items: list[Node] = []
        end = event.end_mark.index
        while not isinstance(child := next(self.events), CollectionEndEvent):
            items.append(self.node(child, depth + 1))
            end = child.end_mark.index if isinstance(child, AliasEvent) else items[-1].span[1]
        # The end of a block is where the next one begins.
        span = (event.start_mark.index, child.end_mark.index if event.flow_style else end)
        if is_mapping:
            return Mapping(_position(event), tuple(zip(items[::2], items[1::2], strict=True)), span)
        return Sequence(_position(event), tuple(items), span)


def too_large(position: Position | None, *, deep: bool = False) -> MalformedError:
    """The error for a file beyond the bounds."""
    if deep:
        return MalformedError(f"cannot read values nested deeper than {MAX_DEPTH} levels", position)
    return MalformedError(f"cannot read more than {MAX_VALUES} values, aliases expanded", position)


def _scalar(event: ScalarEvent) -> Scalar:
    position, span = _position(event), (event.start_mark.index, event.end_mark.index)
    if event.tag in (None, "!"):
        plain = event.value if event.implicit[0] else None
        return Scalar(position, event.value if plain is None else _resolve(plain), plain, span)
    return Scalar(position, _tagged(event, position), None, span)


def _resolve(text: str) -> str | int | float | bool | None:
    """The value of an unquoted scalar by the core schema of YAML 1.2."""
    if text in _NULL:
        return None
    if text in _BOOL:
        return _BOOL[text]
    if text[0] not in _NUMBER_START:
        return text
    if _INT.fullmatch(text):
        return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
    if _FLOAT.fullmatch(text):
        return float(text.replace(".inf", "inf").replace(".Inf", "inf").replace(".INF", "inf"))
    return float("nan") if text in _NAN else text


def _tagged(event: ScalarEvent, position: Position) -> str | int | float | bool | None:
    if event.tag == _TAG + "str":
        return str(event.value)
    value = _resolve(event.value)
    kinds = {"null": type(None), "bool": bool, "int": int, "float": float}
    tag = str(event.tag)
    kind = kinds.get(tag.removeprefix(_TAG))
    if kind is float and type(value) is int:
        return float(value)
    if kind is None or type(value) is not kind:
        raise _unknown_tag(tag, position)
    return value


def _unknown_tag(tag: str, position: Position) -> MalformedError:
    shown = tag.replace(_TAG, "!!")
    return MalformedError(f"cannot use the tag `{shown}` here", position, "remove the tag, or quote the value")


def _position(event: Any) -> Position:
    return Position(event.start_mark.line + 1, event.start_mark.column + 1)


_SAID: Final[tuple[tuple[str, str, str | None], ...]] = (
    (r"found character '\\t'.*", "cannot indent with a tab", "indent with spaces"),
    (r"found character '(.)' that cannot start.*", r"cannot begin a value with `\1`", "quote the value"),
    (
        "mapping values are not allowed here",
        "cannot read a second `key: value` here",
        "quote a value that holds `: `, and check the indentation of this line and the one before",
    ),
    ("sequence entries are not allowed here", "cannot begin a list here", "begin the list on a new line"),
    ("found unexpected end of stream", "the quoted text never ends", "add the closing quote"),
    (
        r"expected ',' or '(.)', but got '\{'",
        r"cannot read this: expected `,` or `\1`, not `{`",
        "quote a value that holds `${…}` inside of `[…]` or `{…}`",
    ),
    (
        r"expected ',' or '(.)', but got '(.*)'",
        r"cannot read this: expected `,` or `\1`, not `\2`",
        "close the bracket, and quote values that hold special characters",
    ),
    (
        "expected <block end>, but found .*",
        "cannot read this line as part of what surrounds it",
        "indent it like the lines before it",
    ),
    (
        "could not find expected ':'",
        "cannot read this line: expected `key: value`",
        "add the `:`, with a space after it",
    ),
    ("found unknown escape character '(.)'", r"cannot read the escape `\\\1`", "use single quotes, or double the `\\`"),
)
"""What ruamel says, what we say instead, and a hint."""


def _malformed(error: MarkedYAMLError) -> MalformedError:
    mark = error.problem_mark or error.context_mark
    said = str(error.problem or error.context).strip()
    if said == "found unexpected end of stream":
        mark = error.context_mark or mark
    position = Position(mark.line + 1, mark.column + 1) if mark else None
    for pattern, message, hint in _SAID:
        if match := re.fullmatch(pattern, said, re.DOTALL):
            return MalformedError(match.expand(message), position, hint)
    return MalformedError(f"cannot read the YAML: {said}", position)
