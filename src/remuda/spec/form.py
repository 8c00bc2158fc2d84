"""The error of a value whose form is wrong.

Raised by everything that parses a single value (a quantity, an address, a reference), also from within pydantic, which
turns it into one of its own; `remuda.spec.problems` brings message and hint back out.
"""

from __future__ import annotations

from typing import Final

QUOTE: Final = "quote it"
"""A hint that `remuda.spec.problems` makes exact: it knows how the value is written."""

_SHOWN: Final = 60


class FormError(ValueError):
    """A value does not have the form it needs; `message` says what was expected, without naming where it was.

    `offset` is the number of characters before the mistake, where the value is a text that has parts.
    """

    def __init__(self, message: str, *, hint: str | None = None, offset: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.offset = offset


def shown(value: object) -> str:
    """A value as a message names it."""
    match value:
        case None:
            return "nothing"
        case bool():
            return f"`{str(value).lower()}`"
        case dict():
            return "a mapping"
        case list() | tuple():
            return "a list"
        case _:
            text = str(value)
            return f"`{text[:_SHOWN]}…`" if len(text) > _SHOWN else f"`{text}`"


def label(path: tuple[str | int, ...]) -> str:
    """A path as a message names it: `gateway.keys[0].secret`."""
    words = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return f"`{words.removeprefix('.')}`" if path else "the fleet"
