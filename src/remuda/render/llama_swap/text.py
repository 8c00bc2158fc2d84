r"""How llama-swap's configuration holds words, and how it is kept from reading names into other texts.

A command goes through three readings: macros (`${NAME}`) are replaced in every text of the file, lines that begin with
`#` are dropped and a `\` at a line's end joins the next one, then a splitter like a shell's makes words. There is no
escape for a macro, so in a command a `${` is taken apart by quotes, which only the last reading removes; outside of
commands a text that holds one cannot be said. Newlines stand in quotes of their own, so that no line of a command
begins or ends with anything but a quote.

Sources: internal/config/{macros,commands}.go of mostlygeek/llama-swap, shlex of billziss-gh/golib.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from remuda.render.starting import PORT
from remuda.spec.reference import Reference

PORT_MACRO: Final = "${PORT}"
_BARE: Final = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")
_MACRO: Final = re.compile(r"\$\{(?:env\.)?[A-Za-z0-9_-]+\}")


def command(words: Iterable[str]) -> str:
    """A command of these words; `starting.PORT` in them becomes the macro."""
    return " ".join(map(quoted, words))


def quoted(word: str) -> str:
    """One word."""
    pieces = word.split(PORT)
    return PORT_MACRO.join(_quoted(piece) if piece else "" for piece in pieces) or "''"


def _quoted(text: str) -> str:
    if _BARE.fullmatch(text):
        return text
    parts = re.split(r"(\n|'|(?<=\$)(?=\{))", text)
    return "".join(_part(part) for part in parts if part)


def _part(text: str) -> str:
    return '"\'"' if text == "'" else f"'{text}'"


def variable(reference: Reference) -> str:
    """The value of a variable of llama-swap's environment, in a text that the file holds in double quotes."""
    return f"${{env.{reference.name}}}"


def has_macro(value: Any) -> bool:
    """Whether llama-swap would take something in a value for one of its macros."""
    if isinstance(value, str):
        return _MACRO.search(value) is not None
    if isinstance(value, Mapping):
        return any(has_macro(key) or has_macro(item) for key, item in value.items())
    return isinstance(value, list | tuple) and any(map(has_macro, value))
