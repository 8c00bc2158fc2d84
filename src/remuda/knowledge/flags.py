"""Which release of an engine knows which flag, environment variable and quantisation.

`tools/harvest_flags.py` writes the tables from the releases' own sources. Of vLLM every release since 0.8.0 was read;
of llama.cpp, which makes a build of every commit, some: between two of them a name is known if both know it, and not
if neither does; otherwise nothing is said.

Values of flags are not judged, and neither is an engine that has no table.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

from remuda.knowledge.release import Release, release
from remuda.knowledge.rows import Confidence, rows, text

Kind = Literal["flag", "variable", "quantization", "capability"]
Places = tuple[tuple[int, int], ...]
"""Stretches of releases by their places, both ends included."""
State = Literal["known", "gone", "later", "never", "unknown"]

HARVESTED: Final = ("vllm", "llama-cpp")
"""Engines that have a table."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a release knows a name.

    `gone`: an older one did, `since` is the first release read that does not. `later`: a newer one does, `since` is the
    first. `never`: none of all that were read. `unknown`: the release is none of them.
    """

    state: State
    since: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """What became of a name that is gone."""

    engine: str
    name: str
    instead: str
    source: str
    confidence: Confidence


@dataclass(frozen=True, slots=True)
class Table:
    """What is known of one engine: its releases that were read, the oldest first, and where a name is known."""

    releases: tuple[str, ...]
    numbers: tuple[Release, ...]
    names: Mapping[Kind, Mapping[str, Places]]

    def around(self, version: str) -> tuple[int, int] | None:
        """The places of the releases read that enclose a version, twice the same if it was read; None if outside."""
        number = release(version)
        if number is None or not self.numbers[0] <= number <= self.numbers[-1]:
            return None
        place = bisect_left(self.numbers, number)
        return (place, place) if self.numbers[place] == number else (place - 1, place)

    def standing(self, kind: Kind, name: str, version: str) -> Standing:
        """How a version stands to a name."""
        places = self.names[kind].get(name)
        if places is None:
            return Standing("never")
        around = self.around(version)
        if around is None or len({_is_in(places, place) for place in around}) > 1:
            return Standing("unknown")
        if _is_in(places, around[0]):
            return Standing("known")
        older = [last for _, last in places if last < around[0]]
        if older:
            return Standing("gone", self.releases[max(older) + 1])
        return Standing("later", self.releases[min(first for first, _ in places)])

    def known(self, kind: Kind, version: str | None = None) -> frozenset[str]:
        """The names that a version knows; without one, those that any does."""
        if version is None:
            return frozenset(self.names[kind])
        return frozenset(name for name in self.names[kind] if self.standing(kind, name, version).state == "known")


@cache
def table(engine: str) -> Table | None:
    """The table of an engine, None if it has none."""
    if engine not in HARVESTED:
        return None
    releases: tuple[str, ...] = ()
    names: dict[Kind, dict[str, Places]] = {"flag": {}, "variable": {}, "quantization": {}, "capability": {}}
    places: dict[str, int] = {}
    for line in text(f"flags-{engine}.txt").splitlines():
        match line.split():
            case ["releases", *found]:
                releases = tuple(found)
                places = {name: place for place, name in enumerate(releases)} | {"": len(releases) - 1}
            case ["flag" | "variable" | "quantization" | "capability" as kind, name, *spans]:
                ends = (span.split("..") for span in spans)
                names[kind][name] = tuple((places[first], places[last]) for first, last in ends)
    return Table(releases, tuple(release(name) or () for name in releases), names)


@cache
def replacement(engine: str, name: str) -> Replacement | None:
    """What became of a name that is gone, if that is known."""
    return next((row for row in rows("replaced", Replacement) if (row.engine, row.name) == (engine, name)), None)


def _is_in(places: Places, place: int) -> bool:
    return any(first <= place <= last for first, last in places)
