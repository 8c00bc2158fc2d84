r"""Values in systemd's unit files, and in podman's Quadlet files, which are written the same way.

What ends up in a command line is read three times: it is taken apart into words (quotes, C escapes), `%` begins a
specifier and `$` a variable. Here every value is written so that it comes out as it went in, and what no form exists
for is refused.

Podman's generator takes words apart by itself and hands specifiers and variables on. Its splitter has ways of its own:
an escape above `\x7f` is a character to it and a byte to systemd, so that other characters stand as they are; it
drops an empty word with all that follow; it refuses an escape that it does not know, which systemd keeps; and from a
value that is not split it takes the double quotes off the ends.

Whether a key exists and what it means is not known here.

Sources: extract-word.c, escape.c, load-fragment.c, specifier.c and env-util.c of systemd 257; pkg/systemd/parser of
podman 5.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal

from remuda.errors import SpecError
from remuda.quoting.token import gathered, refuse_unwritable, shown, tokens

Reader = Literal["systemd", "podman"]
"""Whose splitter takes a value apart."""

_BARE: Final = re.compile(r"[A-Za-z0-9_@%$+=:,./-]+")
_SPECIAL: Final = re.compile(r'[\x00-\x1f\x7f"\\]')
_ESCAPES: Final = {"\n": r"\n", "\t": r"\t", "\r": r"\r", '"': r"\"", "\\": r"\\"}
_BYTE: Final = 0xFF
_NOT_IN_LINE: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]|^\s|\s$|\\$")
_PROGRAM: Final = re.compile(r"[^$@:+!|\0/-][^$\0/]*|/[^$\0]*[^$\0/]")

_TOKEN: Final = re.compile(
    r"""(?P<blank>[ \t\n\r]+)|"(?P<double>(?:[^"\\]|\\.)*)"|'(?P<single>(?:[^'\\]|\\.)*)'"""
    r"""|(?P<bare>(?:[^ \t\n\r"'\\]|\\.)+)""",
    re.DOTALL,
)
_ESCAPE: Final = re.compile(
    r"\\(?:x(?P<hex>[0-9A-Fa-f]{2})|(?P<octal>[0-7]{3})|u(?P<short>[0-9A-Fa-f]{4})|U(?P<long>[0-9A-Fa-f]{8})|.)",
    re.DOTALL,
)
_LETTERS: Final = {r"\a": "\a", r"\b": "\b", r"\f": "\f", r"\n": "\n", r"\r": "\r", r"\t": "\t", r"\v": "\v"}
_MEANT: Final = {**_LETTERS, r"\\": "\\", r"\"": '"', r"\'": "'", r"\s": " "}
_SPECIFIER: Final = re.compile(r"%(?:%|([aAbBcCdDEfgGhHiIjJlLmMnNopPqrRsStTuUvVwWyY]))")
_VARIABLE: Final = re.compile(r"\$\$|(\$\{[^}]*\})")


def words(texts: Iterable[str]) -> str:
    """A value that is split into words, by either reader; raises SpecError for a word that cannot be written."""
    return " ".join(map(_word_of_podman, texts))


def line(value: str) -> str:
    """A value that is not split, and ends up in a command line; raises SpecError if it is more than a line."""
    if value.startswith('"') or value.endswith('"'):
        message = f"cannot write {shown(value)} to a unit: podman takes a quote off its ends"
        raise SpecError(message, hint="write it with single quotes")
    return _doubled(_one_line(value))


def setting(value: str) -> str:
    """A value of systemd's own that is not split, where a `$` is nothing special; raises SpecError as `line` does."""
    return _one_line(value).replace("%", "%%")


def command(argv: Sequence[str]) -> str:
    """The value of systemd's own `ExecStart=`; raises SpecError for what cannot be written."""
    for text in argv:
        refuse_unwritable(text, "a unit")
    if not argv or not _PROGRAM.fullmatch(argv[0]):
        program = shown(argv[0]) if argv else "no program"
        message = f"cannot write {program} to a unit as what it runs: expected a name or an absolute path without `$`"
        raise SpecError(message, hint="name it by its absolute path")
    return " ".join(_word(_doubled(text)) for text in argv)


def variables(environment: Mapping[str, str]) -> str:
    """The value of systemd's own `Environment=`, where a `$` is nothing special; raises SpecError as `words` does."""
    texts = [f"{name}={value}" for name, value in environment.items()]
    for text in texts:
        refuse_unwritable(text, "a unit")
    return " ".join(_word(text.replace("%", "%%")) for text in texts)


def split(value: str, reader: Reader) -> tuple[str, ...]:
    """The words of a value, in which specifiers and variables still stand; raises SpecError for what is ambiguous."""
    found = gathered(_piece(token, reader) for token in tokens(_TOKEN, value, "words of a unit"))
    if reader == "podman" and "" in found:
        message = f"cannot read {shown(value)} as words of a unit: podman drops an empty word and all that follow"
        raise SpecError(message, hint="remove the empty word, or give it a value")
    return tuple(word if reader == "podman" else _decoded(word, value) for word in found)


def literal(text: str) -> str:
    """A word or line of a command as it comes out; raises SpecError if systemd would put something else in."""
    if text.startswith("$") and not text.startswith(("$$", "${")):
        raise _variable(text, text)

    def meant(match: re.Match[str]) -> str:
        if match[1]:
            raise _variable(match[1], text)
        return "$"

    return _VARIABLE.sub(meant, without_specifiers(text))


def without_specifiers(text: str) -> str:
    """A text in which only `%` is special as it comes out; raises SpecError at a specifier."""

    def meant(match: re.Match[str]) -> str:
        if match[1]:
            message = f"cannot read {shown(text)} without systemd: `{match[0]}` stands for something else"
            raise SpecError(message, hint="write what it stands for, or `%%` for a percent sign")
        return "%"

    return _SPECIFIER.sub(meant, text)


def _one_line(value: str) -> str:
    refuse_unwritable(value, "a unit")
    if _NOT_IN_LINE.search(value):
        message = f"cannot write {shown(value)} to a unit: it has control characters, or blanks at an end"
        raise SpecError(message, hint="remove them")
    return value


def _word_of_podman(text: str) -> str:
    refuse_unwritable(text, "a unit")
    if not text:
        raise SpecError("cannot write an empty word to a unit: podman drops it", hint="remove it, or give it a value")
    return _word(_doubled(text))


def _word(text: str) -> str:
    return text if _BARE.fullmatch(text) else f'"{_SPECIAL.sub(_escape, text)}"'


def _doubled(text: str) -> str:
    return text.replace("%", "%%").replace("$", "$$")


def _escape(match: re.Match[str]) -> str:
    return _ESCAPES.get(match[0]) or f"\\x{ord(match[0]):02x}"


def _piece(token: re.Match[str], reader: Reader) -> str | None:
    kind = token.lastgroup or ""
    return None if kind == "blank" else _ESCAPE.sub(lambda match: _unescaped(match, reader), token[kind])


def _unescaped(match: re.Match[str], reader: Reader) -> str:
    kind = match.lastgroup
    meant = _MEANT.get(match[0]) if kind is None else _by_number(kind, match[kind], reader)
    if meant is not None:
        return meant
    if reader == "systemd":
        return match[0]
    raise SpecError(
        f"cannot read `{match[0]}` in a unit: podman knows no such escape", hint="write `\\\\` for a backslash"
    )


def _by_number(kind: str, digits: str, reader: Reader) -> str | None:
    """The character, or for systemd the byte, with a number; None if there is none, or it is zero."""
    code = int(digits, 8 if kind == "octal" else 16)
    try:
        if reader == "systemd" and kind in ("octal", "hex"):
            found = bytes([code]).decode(errors="surrogateescape")
        else:
            found = chr(code)
            found.encode()
    except ValueError:
        return None
    return found if code and not (kind == "octal" and code > _BYTE) else None


def _decoded(word: str, value: str) -> str:
    """The word whose bytes above 0x7f are surrogates, as `surrogateescape` has them."""
    try:
        return word.encode(errors="surrogateescape").decode()
    except UnicodeError:
        message = f"cannot read {shown(value)} as words of a unit: its escapes are bytes that make no characters"
        raise SpecError(message, hint="write the characters as they are") from None


def _variable(name: str, text: str) -> SpecError:
    message = f"cannot read {shown(text)} without systemd: `{name}` is a variable"
    return SpecError(message, hint="write its value, or `$$` for a dollar sign")
