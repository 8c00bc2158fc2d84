r"""Texts of a compose file, in which a `$` begins a variable, and commands that stand there as one text.

After reading the YAML, compose replaces `$NAME` and `${NAME…}` in every value and takes `$$` for a dollar sign; any
other `$` is itself. A command that is one text is then taken apart by a splitter that looks like a shell's and is not:
in double quotes too a backslash takes the meaning of any letter, and all from an operator on is dropped. What it drops,
and what its versions differ in (`(`, `` ` ``, and `\n` and `\t`, which became a newline and a tab), is refused here.

Sources: template/template.go and types/command.go of compose-go 2; go-shellwords 1.0.12 and 1.0.13.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from remuda.errors import SpecError
from remuda.quoting import shell
from remuda.quoting.token import gathered, shown, tokens

_DOLLAR: Final = re.compile(r"\$(?:\$|(?P<variable>[A-Za-z_\u017f\u212a][A-Za-z0-9_\u017f\u212a]*|\{[^}]*\}?))")
_TOKEN: Final = re.compile(
    r"""(?P<blank>[ \t\r\n]+)|'(?P<single>[^']*)'|"(?P<double>(?:[^"\\]|\\.)*)"|\\(?P<escaped>.)"""
    r"""|(?P<special>[`()])|(?P<operator>[;&|<>])|(?P<bare>[^ \t\r\n'"\\`();&|<>]+)""",
    re.DOTALL,
)
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)


def escaped(text: str) -> str:
    """A text that compose leaves as it is."""
    return text.replace("$", "$$")


def unescaped(text: str) -> str:
    """A text as compose leaves it; raises SpecError at a variable."""

    def meant(match: re.Match[str]) -> str:
        if match["variable"]:
            message = f"cannot read {shown(text)} without compose: `{match[0]}` is a variable"
            raise SpecError(message, hint="write its value, or `$$` for a dollar sign")
        return "$"

    return _DOLLAR.sub(meant, text)


def joined(argv: Iterable[str]) -> str:
    """A command that is one text; dollar signs are still to be escaped."""
    return " ".join(map(shell.quoted, argv))


def split(command: str) -> tuple[str, ...]:
    """The words of a command that is one text, after variables; raises SpecError for what compose drops or refuses."""
    return gathered(_piece(token, command) for token in tokens(_TOKEN, command, "words of a compose file"))


def _piece(token: re.Match[str], command: str) -> str | None:
    kind = token.lastgroup or ""
    match kind:
        case "blank":
            return None
        case "operator":
            message = f"cannot read {shown(command)} as words: compose drops all from `{token[0]}` on"
            raise SpecError(message, hint="run a shell: `[sh, -c, …]`")
        case "special":
            raise _refusal(token[0], command)
        case "double":
            return _ESCAPE.sub(lambda match: _meant(match[1], command), token[kind])
        case "escaped":
            return _meant(token[kind], command)
    return token[kind]


def _meant(letter: str, command: str) -> str:
    if letter in "nt":
        raise _refusal(f"\\{letter}", command)
    return letter


def _refusal(special: str, command: str) -> SpecError:
    message = f"cannot read {shown(command)} as words: versions of compose differ about `{special}`"
    return SpecError(message, hint="put it in single quotes, or write the words as a list")
