r"""Text of systemd's unit files, and of podman's Quadlet files, which are written the same way.

What ends up in a command line is read three times: it is taken apart into words (quotes, C escapes), `%` begins a
specifier and `$` a variable. Here every value is written so that it comes out as it went in, and what no form exists
for is refused. Podman's generator has two ways of its own: an escape above `\x7f` is a character to it and a byte to
systemd, so that other characters stand as they are; and it drops an empty word with all that follow.

Whether a key exists and what it means is not known here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from remuda.errors import SpecError

Section = tuple[str, Sequence[tuple[str, str]]]
"""The name of a section, and its keys with their values as they are written."""

_BARE = re.compile(r"[A-Za-z0-9_@%$+=:,./-]+")
_SPECIAL = re.compile(r'[\x00-\x1f\x7f"\\]')
_ESCAPES = {"\n": r"\n", "\t": r"\t", "\r": r"\r", '"': r"\"", "\\": r"\\"}
_SURROGATE = re.compile("[\ud800-\udfff]")
_NOT_IN_LINE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]|^\s|\s$|\\$")


def text(sections: Iterable[Section], head: Sequence[str] = ()) -> str:
    """A whole file; `head` are lines of a comment."""
    comment = "".join(f"# {line}\n" for line in head)
    parts = ("".join((f"[{name}]\n", *(f"{key}={value}\n" for key, value in keys))) for name, keys in sections if keys)
    return "\n".join((*([comment] if comment else ()), *parts))


def words(texts: Iterable[str]) -> str:
    """A value that is split into words; raises SpecError for a word that cannot be written."""
    return " ".join(map(_word, texts))


def line(value: str) -> str:
    """A value that is not split, and ends up in a command line; raises SpecError if it is more than a line."""
    _refuse_unwritable(value)
    if _NOT_IN_LINE.search(value):
        message = f"cannot write {_shown(value)} to a unit: it has control characters, or blanks at an end"
        raise SpecError(message, hint="remove them")
    return _literal(value)


def _word(text: str) -> str:
    _refuse_unwritable(text)
    if not text:
        raise SpecError("cannot write an empty word to a unit: podman drops it", hint="remove it, or give it a value")
    literal = _literal(text)
    return literal if _BARE.fullmatch(literal) else f'"{_SPECIAL.sub(_escape, literal)}"'


def _literal(text: str) -> str:
    return text.replace("%", "%%").replace("$", "$$")


def _escape(match: re.Match[str]) -> str:
    return _ESCAPES.get(match[0]) or f"\\x{ord(match[0]):02x}"


def _refuse_unwritable(text: str) -> None:
    if "\0" in text or _SURROGATE.search(text):
        message = f"cannot write {_shown(text)} to a unit: it holds what is no character of a text"
        raise SpecError(message, hint="remove it")


def _shown(text: str) -> str:
    return f"`{text.encode('unicode_escape').decode()}`"
