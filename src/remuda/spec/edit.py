"""Changes a value of a YAML text and nothing else: every other byte stays, comments and order with it.

A value is put at a path or taken away; what is put there is written in the style of what surrounds it. A text that
cannot be changed in one place only (a value behind an alias, an anchor that others use) is refused. Whatever was done,
the new text is read again, and has to say what was meant.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from remuda.errors import SpecError
from remuda.spec import nodes
from remuda.spec.document import Document, Path, decode, load
from remuda.spec.form import label
from remuda.spec.yaml_text import lines as yaml_lines
from remuda.spec.yaml_text import scalar

_INDENT: Final = 2
_BOM: Final = "\ufeff"
_GONE: Final = object()
"""The value of what has been removed."""


def put(text: str, path: Path, value: Any) -> str:
    """The text with this value at the path, which is made as far as it is missing; raises SpecError.

    The value is as YAML reads it: of dictionaries, lists and single values.
    A number as the last part of a path is an item of a list; one behind the last appends.
    """
    return _changed(text, path, _put, value, value)


def extend(text: str, path: Path, entries: Mapping[str, Any]) -> str:
    """The text with these keys, none of which is there, added to the mapping at the path; raises SpecError."""
    found = load(text, "").find(path) if path else load(text, "").data
    if not isinstance(found, dict) or not found:
        return put(text, path, dict(entries))
    return _changed(text, path, _extend, dict(entries), {**found, **entries})


def remove(text: str, path: Path) -> str:
    """The text without the key or item at the path; one without it stays as it is. Raises SpecError."""
    return _changed(text, path, _remove, None, _GONE) if _is_there(load(text, "").data, path) else text


def annotate(text: str, notes: Mapping[Path, str]) -> str:
    """The text with a comment behind the line of each of these keys or items, which are on lines of their own."""
    document = load(text, "") if notes else Document("", {})
    lines = text.split("\n")
    for path, note in notes.items():
        place = document.at_key(path) if path in document.values else None
        if place is not None:
            lines[place.line - 1] += f"  # {''.join(one if one.isprintable() else ' ' for one in note)}"
    return "\n".join(lines)


Change = Callable[[str, Path, Any], str]


def _changed(text: str, path: Path, change: Change, value: Any, expected: Any) -> str:
    """The text after a change of a value, which then has to be the one that is expected at the path."""
    before = load(text, "")
    if before.problems and before.data:
        raise SpecError("cannot change a file that has errors in its form", problems=before.problems)
    head = _BOM if text.startswith(_BOM) else ""
    try:
        changed = head + change(decode(text), path, value)
    except nodes.MalformedError as error:
        raise SpecError("cannot change a file that has errors in its form", problems=(error.problem,)) from None
    after = load(changed, "")
    if after.problems or after.data != _expected(before.data, path, expected):
        raise _refusal(path, "what surrounds it")
    return changed


def _expected(data: Any, path: Path, value: Any) -> Any:
    """The data with another value at a path, made in the plainest way."""
    if not path:
        return value
    first, rest = path[0], path[1:]
    entries: dict[str | int, Any] = dict(enumerate(data)) if isinstance(data, list) else dict(data or {})
    if value is _GONE and not rest:
        del entries[first]
    else:
        entries[first] = _expected(entries.get(first), rest, value)
    return list(entries.values()) if isinstance(data, list) or isinstance(first, int) else entries


def _is_there(data: Any, path: Path) -> bool:
    for part in path:
        entries = dict(enumerate(data)) if isinstance(data, list) else data
        if not isinstance(entries, dict) or part not in entries:
            return False
        data = entries[part]
    return True


def _put(text: str, path: Path, value: Any) -> str:
    root = nodes.compose(text)
    if root is None or not isinstance(root, nodes.Mapping):
        return _with_newline(text) + _block(_nested(path, value), 0)
    node: nodes.Node = root
    for depth, part in enumerate(path):
        child = _child(node, part)
        if child is None:
            missing = _nested(path[depth + 1 :], value)
            if isinstance(node, nodes.Scalar):
                if node.value is not None:
                    raise _refusal(path, "a value of another kind above it")
                return _replaced(text, root, path[:depth], {part: missing})
            _refuse_other_kind(node, part, path)
            return _inserted(text, node, [missing] if isinstance(part, int) else {part: missing})
        _refuse_shared(text, child, path)
        node = child[1]
    return _replaced(text, root, path, value)


def _extend(text: str, path: Path, entries: Any) -> str:
    node = nodes.compose(text)
    assert node is not None  # noqa: S101 (a mapping was found in it)
    for part in path:
        child = _child(node, part)
        if child is None:
            raise _refusal(path, "a merge key")
        _refuse_shared(text, child, path)
        node = child[1]
    assert isinstance(node, nodes.Mapping)  # noqa: S101 (the same)
    return _inserted(text, node, entries)


def _remove(text: str, path: Path, _: Any) -> str:
    root = nodes.compose(text)
    assert root is not None  # noqa: S101 (the path was found in it)
    node: nodes.Node = root
    for part in path[:-1]:
        child = _child(node, part)
        if child is None:
            raise _refusal(path, "a merge key")
        _refuse_shared(text, child, path)
        node = child[1]
    if _child(node, path[-1]) is None:
        raise _refusal(path, "a merge key")
    if isinstance(node, nodes.Scalar) or len(node.items) == 1:
        return _replaced(text, root, path[:-1], {} if isinstance(node, nodes.Mapping) else [])
    return _cut(text, node, path)


Child = tuple[nodes.Node | None, nodes.Node, int]
"""The key of a mapping (None in a list), the value, and where the two begin."""


def _child(node: nodes.Node, part: str | int) -> Child | None:
    if isinstance(node, nodes.Mapping):
        for key, value in node.items:
            if isinstance(key, nodes.Scalar) and key.value == part:
                return key, value, key.span[0]
    if isinstance(node, nodes.Sequence) and isinstance(part, int) and 0 <= part < len(node.items):
        item = node.items[part]
        return None, item, item.span[0]
    return None


def _refuse_shared(text: str, child: Child, path: Path) -> None:
    """An alias has the node of its anchor, which stands before it."""
    key, value, start = child
    if key is not None and value.span[0] < start:
        raise _refusal(path, "an alias")
    if text[value.span[0] : value.span[0] + 1] in ("&", "!"):
        raise _refusal(path, "an anchor or a tag")


def _refusal(path: Path, what: str) -> SpecError:
    return SpecError(f"cannot change {label(path)} in place because of {what}", hint="change it by hand")


def _replaced(text: str, root: nodes.Node, path: Path, value: Any) -> str:
    """The text with another value where there is one."""
    if not path:
        return _block(value, 0) if value else "{}\n"
    parent, key, node = _family(root, path)
    start, end = node.span[0], _trimmed(text, node.span)
    if text[parent.span[0]] in "{[":
        return text[:start] + _separated(text, start) + _flow(value) + text[end:]
    if key is None:
        column = _column(text, start)
        return text[:start] + _indented(value, column).lstrip(" ") + text[end:]
    after = text.index(":", key.span[1]) + 1
    line_end = _line_end(text, after)
    if start == end:  # nothing, which may be said to stand anywhere behind the colon
        start = end = line_end
    kept = text[after : min(line_end, start)].rstrip()  # a comment between the key and a block
    rest = text[end:]
    if isinstance(value, Mapping | list | tuple) and value:
        return text[:after] + kept + "\n" + _indented(value, _column(text, key.span[0]) + _INDENT) + rest
    return f"{text[:after]} {scalar(value)}{'  ' + kept.lstrip() if kept else ''}{rest}"


def _family(root: nodes.Node, path: Path) -> tuple[nodes.Node, nodes.Node | None, nodes.Node]:
    parent, key, node = root, None, root
    for part in path:
        parent = node
        child = _child(node, part)
        assert child is not None  # noqa: S101 (walked before)
        key, node, _ = child
    return parent, key, node


def _refuse_other_kind(node: nodes.Mapping | nodes.Sequence, part: str | int, path: Path) -> None:
    """A key has its place in a mapping, a number in a list: behind its last item."""
    is_list = isinstance(node, nodes.Sequence)
    if is_list != isinstance(part, int) or (is_list and part != len(node.items)):
        raise _refusal(path, "a value of another kind above it")


def _inserted(text: str, node: nodes.Mapping | nodes.Sequence, entries: dict[Any, Any] | list[Any]) -> str:
    """The text with more entries at the end of a collection."""
    if text[node.span[0]] in "{[":
        last = _last_end(node, text)
        added = ", ".join(
            map(_flow, entries)
            if isinstance(entries, list)
            else (f"{_flow(key)}: {_flow(value)}" for key, value in entries.items())
        )
        return f"{text[:last]}{', ' if node.items else ''}{added}{text[last:]}"
    place = _line_end(text, _last_end(node, text))
    return f"{text[:place]}\n{_indented(entries, _column(text, node.span[0]))}{text[place:]}"


def _last_end(node: nodes.Mapping | nodes.Sequence, text: str) -> int:
    if not node.items:
        return node.span[0] + 1
    if text[node.span[0]] in "{[":
        place = node.span[1] - 1
        while text[place - 1] in " \t\n,":
            place -= 1
        return place
    return _trimmed(text, node.span)


def _cut(text: str, node: nodes.Mapping | nodes.Sequence, path: Path) -> str:
    """The text without one entry of several."""
    starts = [_entry_start(text, item) for item in node.items]
    index = path[-1] if isinstance(node, nodes.Sequence) else _index(node, path[-1])
    assert isinstance(index, int)  # noqa: S101 (an item of a list)
    item = node.items[index]
    end = _trimmed(text, (item[1] if isinstance(item, tuple) else item).span)
    if text[node.span[0]] in "{[":
        if index + 1 < len(starts):
            return text[: starts[index]] + text[starts[index + 1] :]
        before = node.items[index - 1]
        return text[: (before[1] if isinstance(before, tuple) else before).span[1]] + text[end:]
    line_start = text.rfind("\n", 0, starts[index]) + 1
    if text[line_start : starts[index]].strip(" "):  # behind the dash of a list's item
        return text[: starts[index]] + text[starts[index + 1] :]
    return text[:line_start] + text[min(_line_end(text, end) + 1, len(text)) :]


def _index(node: nodes.Mapping, part: str | int) -> int:
    return next(at for at, (key, _) in enumerate(node.items) if isinstance(key, nodes.Scalar) and key.value == part)


def _entry_start(text: str, item: nodes.Node | tuple[nodes.Node, nodes.Node]) -> int:
    """Where an entry begins: its key, or its dash in a block."""
    start = (item[0] if isinstance(item, tuple) else item).span[0]
    dash = re.search(r"-[ \t\n]*$", text[max(0, start - 200) : start]) if not isinstance(item, tuple) else None
    return start if dash is None else start - (len(dash[0]))


def _trimmed(text: str, span: nodes.Span) -> int:
    """The end of a value without the blank lines after it."""
    return span[0] + len(text[span[0] : span[1]].rstrip())


def _separated(text: str, start: int) -> str:
    return " " if text[start - 1 : start] == ":" else ""


def _line_end(text: str, place: int) -> int:
    found = text.find("\n", place)
    return len(text) if found < 0 else found


def _column(text: str, place: int) -> int:
    return place - (text.rfind("\n", 0, place) + 1)


def _nested(path: Path, value: Any) -> Any:
    for part in reversed(path):
        value = [value] if isinstance(part, int) else {part: value}
    return value


def _with_newline(text: str) -> str:
    return text if not text or text.endswith("\n") else text + "\n"


def _block(value: Mapping[str, Any], column: int) -> str:
    return _indented(value, column) + "\n"


def _indented(value: Any, column: int) -> str:
    """A value as lines at a column; the last one without its end."""
    if not isinstance(value, Mapping | list | tuple) or not value:
        return " " * column + scalar(value)
    return "\n".join(_at(column, yaml_lines(value)))


def _at(column: int, lines: Iterator[str]) -> Iterator[str]:
    return (" " * column + line for line in lines)


def _flow(value: Any) -> str:
    """A value on one line, in JSON, which is YAML too."""
    return scalar(value) if not isinstance(value, Mapping | list | tuple) else json.dumps(value, ensure_ascii=True)
