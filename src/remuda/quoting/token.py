"""What the readers of all languages share: tokens make pieces, pieces make words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from remuda.errors import SpecError

GO_BLANKS: Final = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
"""What programs in Go take off the ends of a line, which is not quite what Python does."""

_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def tokens(pattern: re.Pattern[str], text: str, where: str) -> Iterator[re.Match[str]]:
    """The tokens that a text is made of; raises SpecError at what is none."""
    end = 0
    while end < len(text):
        match = pattern.match(text, end)
        if match is None:
            message = f"cannot read {shown(text)} as {where}: a quote or an escape is not complete"
            raise SpecError(message, hint="close the quote, or write the backslash twice")
        yield match
        end = match.end()


def gathered(pieces: Iterable[str | None]) -> tuple[str, ...]:
    """The words of pieces; None stands between words."""
    words: list[str] = []
    is_inside = False
    for piece in pieces:
        if piece is None:
            is_inside = False
        elif is_inside:
            words[-1] += piece
        else:
            words.append(piece)
            is_inside = True
    return tuple(words)


def refuse_unwritable(text: str, where: str) -> None:
    """Raises SpecError for a text that holds a zero or half a character: no file and no argv can hold it."""
    if "\0" in text or _SURROGATE.search(text):
        message = f"cannot write {shown(text)} to {where}: it holds what is no character of a text"
        raise SpecError(message, hint="remove it")


def shown(text: str) -> str:
    """A text as messages show it."""
    return f"`{text.encode('unicode_escape').decode()}`"
