"""Finds a card by what its driver calls it, and a chip by what a list of PCI devices does."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Protocol, TypeVar


class HasCards(Protocol):
    """A row that names cards."""

    @property
    def cards(self) -> tuple[str, ...]:
        """Marketing names, without the vendor."""


Row = TypeVar("Row", bound=HasCards)


def named(name: str, rows: Iterable[Row]) -> Row | None:
    """The row with the longest card that is in a name as a whole: of an `RTX 3090 Ti`, not the `RTX 3090`."""
    found = [(len(card), row) for row in rows for card in row.cards if _is_in(card, name)]
    return max(found, key=lambda pair: pair[0])[1] if found else None


def chip(title: str, chips: Mapping[str, str]) -> str | None:
    """What the longest code name stands for that a title begins with: `GA102 [GeForce RTX 3090]`."""
    found = max((name for name in chips if title.startswith(name)), key=len, default=None)
    return chips[found] if found else None


def _is_in(card: str, name: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(card)}(?!\w)", name, re.IGNORECASE) is not None
