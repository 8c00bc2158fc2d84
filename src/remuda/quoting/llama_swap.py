r"""Commands and macros of llama-swap's configuration.

A command goes through three readings: macros (`${NAME}`) are replaced in every text of the file, lines that begin with
`#` are dropped and a `\` at a line's end joins the next one, then a splitter like a shell's makes words. There is no
escape for a macro, so in a command a `${` is taken apart by quotes, which only the last reading removes; outside of
commands a text that holds one cannot be said. Newlines stand in quotes of their own, so that no line of a command
begins or ends with anything but a quote.

`${env.NAME}` is replaced before the YAML is read, with backslashes and double quotes escaped, so that a value keeps
its form in a double-quoted text only.

Sources: internal/config/{macros,commands}.go of mostlygeek/llama-swap at 0bdb372, shlex of billziss-gh/golib.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from remuda.errors import SpecError
from remuda.quoting.token import GO_BLANKS, gathered, refuse_unwritable, shown, tokens

MACRO: Final = re.compile(r"\$\{([A-Za-z0-9_-]+)\}")
"""A macro in a text; its name is the group."""

VARIABLE: Final = re.compile(r"\$\{env\.([A-Za-z_][A-Za-z0-9_]*)\}")
"""A variable of llama-swap's environment in a text; its name is the group."""

_BARE: Final = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")
_EITHER: Final = re.compile(r"\$\{(?:env\.)?[A-Za-z0-9_-]+\}")
_TOKEN: Final = re.compile(
    r"""(?P<blank>[ \t\n]+)|'(?P<single>[^']*)(?:'|\Z)|"(?P<double>(?:[^"\\]|\\.)*)(?:"|\\?\Z)"""
    r"""|\\(?P<escaped>[^\n])|(?P<nothing>\\\n|\\\Z)|(?P<bare>[^ \t\n'"\\]+)""",
    re.DOTALL,
)
_PLAIN_POWERS: Final = range(-4, 6)
"""The powers of ten that Go writes without an exponent."""

_IN_DOUBLE: Final = re.compile(r"\\(?:\n|([$`\"\\]))")


def joined(words: Iterable[str]) -> str:
    """A command of these words; raises SpecError for what no argv can hold."""
    return " ".join(map(quoted, words))


def quoted(text: str) -> str:
    """One word, in which nothing is taken for a macro; raises SpecError for what no argv can hold."""
    refuse_unwritable(text, "a command of llama-swap")
    return fragment(text) or "''"


def fragment(text: str) -> str:
    """A part of a word, beside which others or macros may stand."""
    if _BARE.fullmatch(text):
        return text
    return "".join(map(_part, filter(None, re.split(r"(\n|'|(?<=\$)(?=\{))", text))))


def without_comments(command: str) -> str:
    """A command as it is before macros are replaced: what a macro brings in is no comment yet."""
    return "\n".join(line for line in command.split("\n") if not line.strip(GO_BLANKS).startswith("#"))


def split(command: str) -> tuple[str, ...]:
    """The words of a command in which no macro is left; raises SpecError if one is, or if there are no words."""
    left = MACRO.search(command)
    if left:
        message = f"cannot read {shown(command)} as a command of llama-swap: it has no macro `{left[1]}`"
        raise SpecError(message, hint=f"write the value of `{left[0]}`")
    lines = map(_line, without_comments(command).split("\n"))
    found = gathered(map(_piece, tokens(_TOKEN, "\n".join(lines), "a command of llama-swap")))
    if not found:
        raise SpecError(f"cannot read {shown(command)} as a command of llama-swap: it is empty")
    return found


def filled(value: Any, macros: Sequence[tuple[str, Any]]) -> Any:
    """A value of the file with macros replaced, the last of them first, so that one may use those before it.

    A text that is a macro and nothing else becomes its value as it is. Keys are left alone.
    """
    if isinstance(value, str):
        return _filled(value, macros)
    if isinstance(value, Mapping):
        return {key: filled(item, macros) for key, item in value.items()}
    return [filled(item, macros) for item in value] if isinstance(value, list | tuple) else value


def macros_in(value: Any) -> Iterator[str]:
    """The macros and variables that llama-swap sees in a value, as they stand there."""
    if isinstance(value, str):
        yield from _EITHER.findall(value)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from macros_in(key)
            yield from macros_in(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from macros_in(item)


def _part(text: str) -> str:
    return '"\'"' if text == "'" else f"'{text}'"


def _filled(text: str, macros: Sequence[tuple[str, Any]]) -> Any:
    for name, value in reversed(macros):
        slug = f"${{{name}}}"
        if text == slug and not isinstance(value, str):
            return value
        text = text.replace(slug, spelled(value))
    return text


def spelled(value: Any) -> str:
    """A scalar as Go's `%v` writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, float):
        return str(value)
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else f"{'+' if value > 0 else '-'}Inf"
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    power = len(digits) - 1 + int(exponent)
    if power in _PLAIN_POWERS:
        return f"{Decimal(repr(value)).normalize():f}"
    head, tail = digits[0], "".join(map(str, digits[1:]))
    return f"{'-' * sign}{head}{'.' * bool(tail)}{tail}e{power:+03d}"


def _line(line: str) -> str:
    trimmed = line.strip(GO_BLANKS)
    return trimmed.removesuffix("\\") + " " if trimmed.endswith("\\") else line


def _piece(token: re.Match[str]) -> str | None:
    kind = token.lastgroup or ""
    if kind == "blank":
        return None
    if kind == "double":
        return _IN_DOUBLE.sub(lambda match: match[1] or "", token[kind])
    return "" if kind == "nothing" else token[kind]
