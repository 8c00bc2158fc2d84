"""What a feature of an engine needs of a device: a compute capability, or one of some targets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from remuda.knowledge.release import Span, release
from remuda.knowledge.rows import Confidence, rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One feature over a range of releases.

    `feature` is `kind:name` (`dtype:bfloat16`, `kv-cache:fp8_e4m3`) or a name. `capability` is the lowest one.
    `targets`, where they are given, are the only ones, capabilities or gfx targets. `fallback` is what to use instead,
    or what the engine does by itself. `message` is what it says when it refuses.
    """

    engine: str
    feature: str
    versions: Span | None = None
    capability: str | None = None
    targets: tuple[str, ...] = ()
    fallback: str | None = None
    message: str | None = None
    note: str | None = None
    source: str
    confidence: Confidence


@cache
def features() -> tuple[Feature, ...]:
    """All features."""
    return rows("features", Feature)


def find(engine: str, feature: str, version: str) -> Iterator[Feature]:
    """What is known of a feature in a release."""
    number = release(version)
    for row in features():
        is_meant = (row.engine, row.feature) == (engine, feature)
        if is_meant and (row.versions is None or (number is not None and number in row.versions)):
            yield row
