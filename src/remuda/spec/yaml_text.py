"""Plain data → the text of a YAML file, byte for byte the same for the same data.

Block style, keys in the order given. A text is written bare where no reader of any YAML version could take it for
something else, otherwise in double quotes with the escapes that all of them know, so that it survives whatever
characters it holds. Nothing is folded.

This writes what the targets need, not what YAML can say: no anchors, tags or comments inside. Reading is
`remuda.spec.nodes`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

_BARE: Final = re.compile(r"[A-Za-z_/][A-Za-z0-9_./@-]*(?: [A-Za-z0-9_./@-]+)*")
_OTHER_MEANING: Final = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
_ESCAPES: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def to_yaml(data: Mapping[str, Any], *, comment: str = "") -> str:
    """The file; `comment` is put before it, line by line."""
    head = "".join(f"# {line}".rstrip() + "\n" for line in comment.splitlines())
    return head + "".join(f"{line}\n" for line in lines(data))


def lines(value: Mapping[str, Any] | Sequence[Any]) -> Iterator[str]:
    """The lines of a block; each is given at the first column."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _entry(f"{scalar(key)}:", item, nested="  ")
    else:
        for item in value:
            yield from _item(item)


def _entry(head: str, value: Any, *, nested: str) -> Iterator[str]:
    if _is_collection(value) and value:
        yield head
        for line in lines(value):
            yield nested + line
    else:
        yield f"{head} {scalar(value)}"


def _item(value: Any) -> Iterator[str]:
    """An item of a list; a collection begins on the line of its dash."""
    if _is_collection(value) and value:
        for number, line in enumerate(lines(value)):
            yield f"- {line}" if number == 0 else f"  {line}"
    else:
        yield f"- {scalar(value)}"


def _is_collection(value: Any) -> bool:
    return isinstance(value, Mapping | list | tuple)


def scalar(value: Any) -> str:
    """A single value, or an empty collection."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case float():
            return _with_point(repr(value))
        case str():
            return text(value)
        case _:
            return "{}" if isinstance(value, Mapping) else "[]"


def _with_point(number: str) -> str:
    """YAML 1.1 takes a number without a point for a text, whatever its exponent."""
    digits, exponent, power = number.partition("e")
    return number if "." in digits else f"{digits}.0{exponent}{power}"


def text(value: str) -> str:
    """One text, quoted where it has to be."""
    if _BARE.fullmatch(value) and value.lower() not in _OTHER_MEANING:
        return value
    return '"' + "".join(map(_escaped, value)) + '"'


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"  # noqa: PLR2004 (the digits of the three escapes)
