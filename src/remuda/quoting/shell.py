r"""Words of a command line for a POSIX shell.

Reading takes one simple command apart, as a shell does that knows no variables and finds no files: a pattern (`*.txt`)
stands for itself. Everything else that a shell would do something about (variables, `~`, substitutions, operators, a
second command, and `{a,b}` where the shell is bash) is refused. `shlex.split` of Python reads another language: inside
of double quotes it keeps the backslash of `\$`, and outside it takes `$HOME`, `;` and `|` for letters.

Source: chapter 2 of the Shell Command Language, POSIX.1-2024.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from typing import Final

from remuda.errors import SpecError
from remuda.quoting.token import gathered, refuse_unwritable, shown, tokens

_RESERVED: Final = frozenset(
    (
        *("!", "{", "}", "[[", "]]", "case", "coproc", "do", "done", "elif", "else", "esac", "fi", "for", "function"),
        *("if", "in", "select", "then", "time", "until", "while"),
    )
)
_ASSIGNMENT: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\+?=.*", re.DOTALL)
_EXPANDED: Final = r"A-Za-z0-9_{(@*#?$!\-"
_BRACES: Final = r"\{[^ \t\n{}]*(?:,|\.\.)"
_TOKEN: Final = re.compile(
    rf"""(?P<special>(?:\A|[ \t]+)~|(?<=\\\n)[~#]|\$(?:[{_EXPANDED}'"]|\\\n)|[`;&|<>()]|{_BRACES}|\n(?![ \t\n]*\Z))"""
    r"""|(?P<comment>(?:\A|[ \t]+)\#[^\n]*)|(?P<blank>[ \t]+|\n[ \t\n]*\Z)|(?P<nothing>\\\n)"""
    r"""|'(?P<single>[^']*)'|"(?P<double>(?:[^"\\]|\\.)*)"|\\(?P<escaped>.)|(?P<bare>[^'"\\])""",
    re.DOTALL,
)
_IN_DOUBLE: Final = re.compile(rf"""\\(?P<dropped>\n)|\\(?P<escaped>[$`"\\])|(?P<special>\$(?:[{_EXPANDED}]|\\\n)|`)""")


def quoted(text: str) -> str:
    """One word, wherever no word of the shell's own can stand; raises SpecError for what no argv can hold."""
    refuse_unwritable(text, "a shell's command")
    return shlex.quote(text)


def joined(argv: Sequence[str]) -> str:
    """A command of these words, the first of which is taken for neither an assignment nor a word of the shell's own."""
    words = list(map(quoted, argv))
    if words and words[0] == argv[0] and (_ASSIGNMENT.fullmatch(argv[0]) or argv[0] in _RESERVED):
        words[0] = f"'{argv[0]}'"
    return " ".join(words)


def split(command: str) -> tuple[str, ...]:
    """The words of one command; raises SpecError for what a shell would put something else in for."""
    found = tokens(_TOKEN, command.lstrip(" \t\n"), "words of a shell")
    return gathered(_piece(token, command) for token in found if token.lastgroup != "nothing")


def _piece(token: re.Match[str], command: str) -> str | None:
    kind = token.lastgroup or ""
    match kind:
        case "blank" | "comment":
            return None
        case "special":
            raise _refusal(token[kind], command)
        case "double":
            return _IN_DOUBLE.sub(lambda match: _in_double(match, command), token[kind])
    return token[kind]


def _in_double(match: re.Match[str], command: str) -> str:
    if match["special"]:
        raise _refusal(match["special"], command)
    return match["escaped"] or ""


def _refusal(special: str, command: str) -> SpecError:
    message = f"cannot read {shown(command)} as words: a shell would not take {shown(special)} as it stands"
    return SpecError(message, hint="put it in single quotes, or write what it stands for")
