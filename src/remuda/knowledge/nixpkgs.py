"""What nixpkgs cannot build: packages that were broken on a platform until somebody mended them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from remuda.knowledge.builds import Platform
from remuda.knowledge.rows import Confidence, rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A package that no commit before a day builds. `epoch` is that day's beginning in UTC, in seconds since 1970."""

    package: str
    platform: Platform
    since: str
    epoch: int
    reference: str
    source: str
    confidence: Confidence


@cache
def broken() -> tuple[Broken, ...]:
    """All of them."""
    return rows("nixpkgs", Broken)
