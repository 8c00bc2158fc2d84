"""The name that somebody probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(name: str, candidates: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """The candidate most like `name`, or None if none is as close as `cutoff`, from 0 to 1."""
    by_folded = {_fold(candidate): candidate for candidate in sorted(candidates, reverse=True)}
    found = difflib.get_close_matches(_fold(name), list(by_folded), n=1, cutoff=cutoff)
    return by_folded[found[0]] if found else None


def suggestion(name: str, candidates: Iterable[str], *, otherwise: str | None = None) -> str | None:
    """A hint that names the nearest candidate, else `otherwise`."""
    found = nearest(name, candidates)
    return f"write `{found}`" if found else otherwise


def _fold(name: str) -> str:
    return name.lower().replace("-", "_")
