"""Compose's language of variables: `$V`, `${V}`, `${V:-d}`, `${V-d}`, `${V:?e}`, `${V?e}`, `${V:+a}`, `${V+a}`, `$$`.

It is compose's own, not a shell's, and its edges are kept, since published files lean on them: a default ends at the
brace that balances, on its own line (compose 2.26 counts the braces of variables only, later ones every brace; where
these differ the later ones are followed); a `$` before anything but a name, a brace or another `$` is itself, so that
`$@` in a script needs no doubling.

What a name stands for is asked of a function. This module knows no environment and warns of nothing.

Source: compose-spec/compose-go, template/template.go; every rule here is held against `docker compose config`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

MAX_DEPTH: Final = 32
"""How deep defaults may be nested; published files go to three."""

_START: Final = re.compile(r"\$(?:(\$)|([A-Za-z_][A-Za-z0-9_]*)|(\{))")
_BRACED: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?:(:?[-+?])|\})")

Lookup = Callable[[str], str | None]
"""The value of a variable; None if it is not set."""


class InterpolationError(Exception):
    """A text that compose refuses; `offset` is where in it the mistake is."""

    def __init__(self, message: str, offset: int, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.hint = hint


Missing = Callable[[str, bool], str | None]
"""What stands in for a variable without a value and a default, and whether it was said to be required.

None where nothing does: that is an empty text, or a mistake for one that is required.
"""


def interpolate(text: str, lookup: Lookup, missing: Missing = lambda _name, _is_required: None) -> str:
    """The text with its variables replaced; raises InterpolationError."""
    return _Interpolation(text, lookup, missing).run(0, len(text), 0)


class _Interpolation:
    """One text on its way; spans are of that text, so that every mistake has its place."""

    __slots__ = ("_lookup", "_missing", "_text")

    def __init__(self, text: str, lookup: Lookup, missing: Missing) -> None:
        self._text = text
        self._lookup = lookup
        self._missing = missing

    def run(self, start: int, end: int, depth: int) -> str:
        if depth > MAX_DEPTH:
            hint = "set one of the variables, or write fewer defaults inside of each other"
            raise InterpolationError(f"has variables nested deeper than {MAX_DEPTH} levels", start, hint)
        parts: list[str] = []
        while match := _START.search(self._text, start, end):
            parts.append(self._text[start : match.start()])
            escape, name, _ = match.groups()
            start = match.end()
            if escape:
                parts.append("$")
            elif name:
                parts.append(self._value(name))
            else:
                value, start = self._braced(match.start(), end, depth)
                parts.append(value)
        parts.append(self._text[start:end])
        return "".join(parts)

    def _value(self, name: str) -> str:
        value = self._lookup(name)
        return (self._missing(name, False) or "") if value is None else value  # noqa: FBT003  see Missing

    def _braced(self, start: int, end: int, depth: int) -> tuple[str, int]:
        """What `${…}` at `start` stands for, and where it ends."""
        match = _BRACED.match(self._text, start + 2, end)
        if match is None:
            raise self._invalid(start)
        name, operator = match.groups()
        if operator is None:
            return self._value(name), match.end()
        close = self._close(start, match.end(), end)
        if close is None:
            raise self._invalid(start)
        return self._chosen(name, operator, (match.end(), close), depth), close + 1

    def _close(self, start: int, inner: int, end: int) -> int | None:
        """The brace that ends what begins at `start`, on the same line."""
        newline = self._text.find("\n", inner, end)
        line_end = end if newline < 0 else newline
        close = self._balance("{", start, line_end)
        return self._balance("${", start, line_end) if close is None else close

    def _balance(self, opening: str, start: int, end: int) -> int | None:
        """The brace that balances; compose does not look at the character that follows a counted one."""
        balance, place = 0, start
        while place < end:
            if self._text[place] == "}":
                balance -= 1
                if balance == 0:
                    return place
            elif self._text.startswith(opening, place):
                balance += 1
                place += 1
            place += 1
        return None

    def _chosen(self, name: str, operator: str, inner: tuple[int, int], depth: int) -> str:
        value = self._lookup(name)
        has_value = bool(value) if operator.startswith(":") else value is not None
        match operator[-1]:
            case "-":
                return (value or "") if has_value else self.run(*inner, depth + 1)
            case "+":
                return self.run(*inner, depth + 1) if has_value else value or ""
            case _:
                if has_value:
                    return value or ""
                if stand_in := self._missing(name, True):  # noqa: FBT003
                    return stand_in
                said = self.run(*inner, depth + 1)
                message = f"needs a value for `{name}`" + (f": {said}" if said else "")
                raise InterpolationError(message, inner[0], f"set `{name}`, in the environment or in `.env`")

    def _invalid(self, start: int) -> InterpolationError:
        shown = self._text[start : start + 40].partition("\n")[0]
        message = f"has `{shown}`, which is no variable of compose"
        return InterpolationError(message, start, "write `$$` for a dollar sign, or complete it as `${NAME:-default}`")
