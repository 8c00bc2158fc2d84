"""How Nix reads texts: the escapes of its two kinds of strings, attribute names, floats and comments.

Everything here comes back from both Nix 2.8 and a current one exactly as it was given; the tests ask them. NUL has no
form in Nix, and halves of surrogate pairs have none in UTF-8: both are refused. Source: the lexer of Nix
(src/libexpr/lexer.l) and `stripIndentation` of its parser (src/libexpr/parser.y), 2.8 and 2.26.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from remuda.errors import SpecError
from remuda.render.nix.expression import is_word

_UNWRITABLE: Final = re.compile("[\0\ud800-\udfff]")
_QUOTED: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_IN_QUOTES: Final = re.compile(r'["\\\n\r\t]|\$(?=\{)')
_BEFORE_INTERPOLATION: Final = re.compile(r'["\\\n\r\t]|\$(?=\{|\Z)')
_IN_BLOCK: Final = re.compile(r"''|'(?=['$\r\t])|\$(?=\{)|[\r\t]")
_AT_EDGE: Final = re.compile(r"''|'(?=['$\r\t]|\Z)|\$(?=\{|\Z)|[\r\t]")
_BLOCK: Final = {"''": "'''", "'": "''\\'", "$": "''$", "\r": "''\\r", "\t": "''\\t"}
_MIN_NORMAL: Final = 2.0**-1022
_SHIFT: Final = 2.0**200


def writable(text: str) -> str:
    """The text itself; raises SpecError if Nix cannot hold it."""
    found = _UNWRITABLE.search(text)
    if found:
        name = "NUL" if found[0] == "\0" else f"U+{ord(found[0]):04X}, half of a surrogate pair"
        raise SpecError(f"cannot write a text with {name} in Nix", hint="remove the character")
    return text


def quoted(text: str, *, is_before_interpolation: bool = False) -> str:
    """The inside of a string in double quotes. A `$` right before an interpolation would undo it."""
    special = _BEFORE_INTERPOLATION if is_before_interpolation else _IN_QUOTES
    return special.sub(lambda found: _QUOTED.get(found[0], "\\$"), writable(text))


def attribute(name: str) -> str:
    """An attribute's name, in quotes where it needs them."""
    return name if is_word(name) else f'"{quoted(name)}"'


def block_lines(parts: Sequence[str | None]) -> list[list[str | None]]:
    """The lines of an indented string, each as its pieces; None stands for an interpolation.

    Nix takes away the indentation that all lines share, and a last line of spaces; what belongs to the text itself is
    kept by an escaped space.
    """
    lines: list[list[str | None]] = [[]]
    for part in parts:
        if part is None:
            lines[-1].append(None)
            continue
        first, *others = writable(part).split("\n")
        lines[-1].append(first)
        lines += [[line] for line in others]
    _keep_spaces(lines)
    return [_escaped_line(line, is_last=number == len(lines)) for number, line in enumerate(lines, 1)]


def _keep_spaces(lines: list[list[str | None]]) -> None:
    """Marks lines whose first space has to be escaped, with a newline, which no line holds otherwise."""
    inked = [line for line in lines if any(piece is None or piece.strip(" ") for piece in line)]
    spaced = [line for line in lines if any(line)]
    if all((line[0] or "").startswith(" ") for line in inked):
        for line in (inked or spaced)[:1]:
            line[0] = f"\n{line[0]}"
    last = lines[-1]
    if last in spaced and last not in inked and not str(last[0]).startswith("\n"):
        last[0] = f"\n{last[0]}"


def _escaped_line(line: Sequence[str | None], *, is_last: bool) -> list[str | None]:
    edges = [*(piece is None for piece in line[1:]), is_last]
    return [
        piece if piece is None else _escaped(piece, is_at_edge=edge) for piece, edge in zip(line, edges, strict=True)
    ]


def _escaped(piece: str, *, is_at_edge: bool) -> str:
    """A piece of a line; at an edge, an interpolation or the closing quotes follow."""
    special = _AT_EDGE if is_at_edge else _IN_BLOCK
    is_marked = piece.startswith("\n")
    escaped = special.sub(lambda found: _BLOCK[found[0]], piece[is_marked:])
    return f"''\\{escaped}" if is_marked else escaped


def number(value: float) -> str:
    """A number without its sign, as Nix reads it back. Its lexer wants a point, and no denormal numbers."""
    value = abs(value)
    if isinstance(value, int):
        return str(value)
    if 0 < value < _MIN_NORMAL:
        return f"({number(value * _SHIFT)} * {number(1 / _SHIFT)})"
    digits, exponent, power = repr(value).partition("e")
    return f"{digits if '.' in digits else digits + '.0'}{exponent}{power}"


def comment_lines(comment: str) -> list[str]:
    """The lines of a comment; a text of several lines stays within it."""
    return [f"# {line}".rstrip() for line in writable(comment).splitlines()]
