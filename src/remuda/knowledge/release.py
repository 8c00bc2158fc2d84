"""Releases and ranges of them, as the tables have them: `0.8.5.post1`, `b9123`, `12.9`, `0.8.0..0.14.1`."""

from __future__ import annotations

import re
from typing import Final

Release = tuple[int, ...]

_RELEASE: Final = re.compile(r"[vb]?(\d+(?:\.\d+)*)(?:\.post(\d+))?")


def release(text: str) -> Release | None:
    """The numbers of a release; None for what is none: a candidate, a nightly build, a branch."""
    found = _RELEASE.fullmatch(text)
    if found is None:
        return None
    return tuple(map(int, found[1].split("."))) + ((int(found[2]),) if found[2] else ())


class Span:
    """The releases from `first` to `last`, both included; None is an open end.

    A bound stands for all that begins with it: `..12.9` includes 12.9.1. It is no dataclass, since the decoder of the
    tables would then expect an object where a text stands.
    """

    __slots__ = ("first", "last", "text")

    def __init__(self, text: str) -> None:
        """Reads `0.8.0..0.14.1`; raises ValueError for anything else."""
        first, dots, last = text.partition("..")
        self.text = text
        self.first = release(first)
        self.last = release(last)
        if not dots or any(end and bound is None for end, bound in ((first, self.first), (last, self.last))):
            raise ValueError(f"`{text}` is no range of releases")

    def __contains__(self, item: Release) -> bool:
        if self.first is not None and item < self.first:
            return False
        return self.last is None or item[: len(self.last)] <= self.last

    def __str__(self) -> str:
        return self.text
