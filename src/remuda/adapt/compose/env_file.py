r"""The files of variables that compose reads: `.env` beside the compose file, and a service's `env_file`.

A line is `NAME=value`, `NAME: value`, `export NAME=value`, or a bare `NAME`, which takes the value of whoever runs
compose and is nothing without one. In single quotes a value is itself and may span lines; in double quotes the escapes
of C are read, and variables are replaced in those and in values without quotes; a comment begins with ` #`.

The precedence of several files, and of what a service says itself, is the business of `remuda.adapt.compose.variables`.

Source: compose-spec/compose-go, dotenv/parser.go; held against `docker compose config` in tests.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from remuda.adapt.compose.interpolation import InterpolationError, Lookup, interpolate
from remuda.errors import Position

_BLANK: Final = "\t\v\f\r \x85\xa0"
_NAME: Final = re.compile(r"[\w.\-\[\]" + _BLANK + "]*")
_EXPORT: Final = re.compile(r"export\s+")
_ESCAPE: Final = re.compile(r'\\(?:([abcfnrtv$"\\])|0(\d{0,3}))')
_ESCAPED: Final = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "$": "$$"}


class EnvFileError(Exception):
    """A file that compose refuses."""

    def __init__(self, message: str, position: Position, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.position = position
        self.hint = hint


def parse(text: str, lookup: Lookup) -> Mapping[str, str]:
    """The variables of a file, the last of a name; raises EnvFileError.

    `lookup` has those of whoever runs compose; names that it does not know are looked for in the lines before.
    """
    found: dict[str, str] = {}

    def known(name: str) -> str | None:
        value = lookup(name)
        return found.get(name) if value is None else value

    text = text.removeprefix("\ufeff")
    for name, value, at in _statements(text):
        if not name:
            continue  # to compose this is a value without a name
        if value is None:
            if (inherited := lookup(name)) is not None:
                found[name] = inherited
        elif value.startswith("'"):
            found[name] = _unquoted(value)
        else:
            literal = _escapes(_unquoted(value)) if value.startswith('"') else value
            try:
                found[name] = interpolate(literal, known)
            except InterpolationError as error:
                raise EnvFileError(f"`{name}` {error.message}", _position(text, at), error.hint) from None
    return found


def _statements(text: str) -> Iterator[tuple[str, str | None, int]]:
    """Each name with its value as it is written (None for a bare name), and where it is."""
    at = 0
    while (at := _start(text, at)) < len(text):
        begin = at
        if export := _EXPORT.match(text, at):
            at = export.end()
        match = _NAME.match(text, at)
        end = match.end() if match else at
        name = text[at:end].strip()
        if end == len(text):
            return  # compose does not see a bare name that no newline ends
        if text[end] not in "=:\n" or " " in name:
            message = f"cannot read `{_line(text, begin)}`: expected `NAME=value`"
            raise EnvFileError(message, _position(text, begin), "write letters, digits and `_` before the `=`")
        if text[end] == "\n":
            yield name, None, begin
            at = end + 1
        else:
            value, at = _value(text, end + 1)
            yield name, value, begin


def _start(text: str, at: int) -> int:
    """Where the next statement begins."""
    while at < len(text):
        if text[at].isspace():
            at += 1
        elif text[at] == "#":
            newline = text.find("\n", at)
            at = len(text) if newline < 0 else newline
        else:
            break
    return at


def _value(text: str, at: int) -> tuple[str, int]:
    """A value with its quotes, and where it ends."""
    while at < len(text) and text[at] in _BLANK:
        at += 1
    if text[at : at + 1] in ("'", '"'):
        end = _closing(text, at)
        return text[at:end], end
    newline = text.find("\n", at)
    end = len(text) if newline < 0 else newline
    return text[at:end].partition(" #")[0].rstrip(), min(end + 1, len(text))


def _closing(text: str, at: int) -> int:
    quote = re.escape(text[at])
    if match := re.compile(rf"{quote}(?:[^{quote}\\]|\\.)*{quote}", re.DOTALL).match(text, at):
        return match.end()
    raise EnvFileError(f"cannot read `{_line(text, at)}`: the quote never ends", _position(text, at), "close the quote")


def _unquoted(value: str) -> str:
    return value[1:-1].replace("\\" + value[0], value[0])


def _escapes(text: str) -> str:
    return _ESCAPE.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    letter, digits = match.groups()
    if letter is None:
        return chr(int(digits, 8)) if re.fullmatch("[0-3][0-7]{2}", digits) else "\\" + digits
    return _ESCAPED.get(letter, letter if letter in '"\\' else match[0])


def _line(text: str, at: int) -> str:
    return text[at : at + 60].partition("\n")[0]


def _position(text: str, at: int) -> Position:
    return Position(text.count("\n", 0, at) + 1, at - (text.rfind("\n", 0, at) + 1) + 1)
