"""A fleet file as plain data, with the position of every key and value.

Everything that judges the file works on this: pydantic gets `data`, a rule that finds something wrong asks for the
position of a path. Aliases are expanded and merge keys (`<<`) applied here; a merged value keeps the position at which
it was written.

What may be in a fleet file is not known here; the text comes from the caller, no file is opened.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from remuda.errors import Position, Problem
from remuda.spec import nodes
from remuda.spec.form import label

MAX_BYTES: Final = 10 * 1024 * 1024

Severity = Literal["error", "warning"]
Path = tuple[str | int, ...]
"""The way from the document's root to a value."""

_FORBIDDEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_MERGE: Final = "<<"


@dataclass(frozen=True, slots=True)
class Document:
    """One parsed file. `problems` are those of its form; with them, `data` holds what could be read.

    `values` and `keys` hold the position of each value, and of the key that leads to it, by path.
    """

    file: str
    data: Mapping[str, Any]
    lines: tuple[str, ...] = ()
    values: Mapping[Path, Position] = field(default_factory=dict)
    keys: Mapping[Path, Position] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def at(self, path: Path) -> Position | None:
        """Where the value of a path begins; for a path that is not there, where the nearest one above it is named."""
        return self.values.get(path) or self.at_key(path)

    def at_key(self, path: Path) -> Position | None:
        """Where the key of a path is (a list item has none: its value is meant), or the nearest one above it."""
        while path:
            if position := self.keys.get(path) or self.values.get(path):
                return position
            path = path[:-1]
        return self.values.get(())

    def inside(self, path: Path, offset: int) -> Position | None:
        """Where a character of a text value is; where the value begins if that cannot be told (folded, escaped)."""
        start, text = self.values.get(path), self.find(path)
        if start is None or not isinstance(text, str) or start.line > len(self.lines):
            return self.at(path)
        for quote in (0, 1):
            column = start.column + quote
            if self.lines[start.line - 1].startswith(text, column - 1):
                return Position(start.line, column + offset)
        return start

    def find(self, path: Path) -> object:
        """The value of a path, or None."""
        node: Any = self.data
        for part in path:
            if isinstance(node, dict):
                node = node.get(part)
            elif isinstance(node, list) and isinstance(part, int) and part < len(node):
                node = node[part]
            else:
                return None
        return node

    def problem(
        self,
        path: Path,
        message: str,
        *,
        hint: str | None = None,
        severity: Severity = "error",
        offset: int | None = None,
    ) -> Problem:
        """A problem of the value at a path; `offset` characters into its text, if given."""
        position = self.at(path) if offset is None else self.inside(path, offset)
        return Problem(message, path, position, hint, severity)

    def problem_of_key(
        self, path: Path, message: str, *, hint: str | None = None, severity: Severity = "error"
    ) -> Problem:
        """A problem of the key at a path: its name, or what is missing under it."""
        return Problem(message, path, self.at_key(path), hint, severity)

    def mapping(self, *path: str | int) -> Mapping[str, Any]:
        """The mapping of a path; empty when there is none, or something else is there (another rule says so)."""
        found = self.find(path)
        return found if isinstance(found, dict) else {}

    def source(self, path: Path) -> str:
        """An unquoted value as it is written (`1.10`, where the data has 1.1)."""
        start = self.values.get(path)
        line = self.lines[start.line - 1][start.column - 1 :] if start and start.line <= len(self.lines) else ""
        return re.split(r" #|[,\]}]", line)[0].strip()


def load(text: str | bytes, file: str, *, first: str = "models") -> Document:
    """Read a YAML text; problems of its form are in the document.

    `file` is the name used in messages, `first` the key that a file without any should begin with.
    """
    try:
        decoded = decode(text)
        root = nodes.compose(decoded)
        if not isinstance(root, nodes.Mapping):
            return Document(file, {}, problems=(_not_a_mapping(root, first),))
        builder = _Builder()
        data = builder.value(root, ())
    except nodes.MalformedError as error:
        return Document(file, {}, problems=(error.problem,))
    lines = tuple(re.split("\r\n|[\n\r\x85\u2028\u2029]", decoded))
    return Document(file, data, lines, builder.values, builder.keys, tuple(builder.problems))


def decode(text: str | bytes) -> str:
    """The text of a file without its byte order mark; raises `MalformedError` for what YAML does not allow."""
    if len(text) > MAX_BYTES:
        raise nodes.MalformedError(f"cannot read a file of more than {MAX_BYTES // 2**20} MiB", None)
    if isinstance(text, bytes):
        text = _decode_bytes(text)
    text = text.removeprefix("\ufeff")
    if found := _FORBIDDEN.search(text):
        message = f"cannot read the character U+{ord(found[0]):04X}: expected text without control characters"
        raise nodes.MalformedError(message, _position_of(text, found.start()))
    return text


def _decode_bytes(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise nodes.MalformedError("cannot read UTF-16: expected UTF-8", Position(1, 1), "save the file as UTF-8")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        if b"\0" in content:
            raise nodes.MalformedError("cannot read a binary file: expected YAML text", None) from None
        before = content[: error.start].decode()
        message = f"cannot read the byte 0x{content[error.start]:02x}: expected UTF-8"
        raise nodes.MalformedError(message, _position_of(before, len(before)), "save the file as UTF-8") from None


def _position_of(text: str, index: int) -> Position:
    before = text[:index]
    return Position(before.count("\n") + 1, index - (before.rfind("\n") + 1) + 1)


def _not_a_mapping(root: nodes.Node | None, first: str) -> Problem:
    hint = f"start with `{first}:` and one {first.removesuffix('s')} under it"
    if root is None or (isinstance(root, nodes.Scalar) and root.value is None):
        return Problem(f"the file is empty: expected at least `{first}`", position=Position(1, 1), hint=hint)
    what = "a list" if isinstance(root, nodes.Sequence) else "a single value"
    return Problem(f"the file is {what}: expected `{first}` and other keys", position=root.position, hint=hint)


@dataclass(slots=True)
class _Builder:
    """Turns nodes into plain data and remembers where everything is."""

    values: dict[Path, Position] = field(default_factory=dict)
    keys: dict[Path, Position] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    count: int = 0

    def value(self, node: nodes.Node, path: Path) -> Any:
        self.count += 1
        if self.count > nodes.MAX_VALUES or len(path) > nodes.MAX_DEPTH:
            raise nodes.too_large(node.position, deep=len(path) > nodes.MAX_DEPTH)
        self.values[path] = node.position
        if isinstance(node, nodes.Scalar):
            return node.value
        if isinstance(node, nodes.Sequence):
            return [self.value(item, (*path, index)) for index, item in enumerate(node.items)]
        return self.mapping(node, path)

    def mapping(self, node: nodes.Mapping, path: Path) -> dict[str, Any]:
        pairs: dict[str, tuple[nodes.Node, nodes.Node]] = {}
        for key, value in node.items:
            if not _is_merge(key) and (name := self.name(key, path)) is not None:
                if name in pairs:
                    self.duplicate(path, name, key.position, pairs[name][0].position)
                pairs.setdefault(name, (key, value))
        for name, key, value in self.merged(node, path, 0):
            pairs.setdefault(name, (key, value))
        data = {}
        for name, (key, value) in pairs.items():
            self.keys[*path, name] = key.position
            data[name] = self.value(value, (*path, name))
        return data

    def merged(self, node: nodes.Mapping, path: Path, depth: int) -> Iterator[tuple[str, nodes.Node, nodes.Node]]:
        """What `<<` brings in, the strongest first; a merged mapping may merge others itself."""
        if depth > nodes.MAX_DEPTH:
            raise nodes.too_large(node.position, deep=True)
        for source in self.merge_sources(node, path):
            self.count += 1
            if self.count > nodes.MAX_VALUES:
                raise nodes.too_large(node.position)
            for key, value in source.items:
                if isinstance(key, nodes.Scalar) and isinstance(key.value, str) and not _is_merge(key):
                    yield key.value, key, value
            yield from self.merged(source, path, depth + 1)

    def merge_sources(self, node: nodes.Mapping, path: Path) -> Iterator[nodes.Mapping]:
        for key, value in node.items:
            if _is_merge(key):
                for source in value.items if isinstance(value, nodes.Sequence) else (value,):
                    if isinstance(source, nodes.Mapping):
                        yield source
                    else:
                        message = "cannot merge a single value or a list: expected a mapping, or a list of mappings"
                        self.problems.append(Problem(message, (*path, _MERGE), value.position))

    def name(self, key: nodes.Node, path: Path) -> str | None:
        if isinstance(key, nodes.Scalar) and isinstance(key.value, str):
            return key.value
        plain = key.plain if isinstance(key, nodes.Scalar) else None
        message = (
            f"cannot use `{plain}` as a key: expected text" if plain else "cannot use this as a key: expected text"
        )
        self.problems.append(Problem(message, path, key.position, f'write `"{plain}"`' if plain else None))
        return None

    def duplicate(self, path: Path, name: str, second: Position, first: Position) -> None:
        message = f"{label((*path, name))} is given twice: first at {first.line}:{first.column}"
        self.problems.append(Problem(message, (*path, name), second, "remove one of the two"))


def _is_merge(key: nodes.Node) -> bool:
    return isinstance(key, nodes.Scalar) and key.plain == _MERGE
