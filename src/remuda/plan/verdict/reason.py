"""The values of a verdict: reasons, what else could be done, and the answer that follows from them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from remuda.knowledge.rows import Confidence

State = Literal["yes", "no", "unknown"]

_ORDER: Final[tuple[State, ...]] = ("no", "unknown", "yes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One thing that speaks for or against, or that is not known.

    `about` is the question that it answers (`code`, `driver`, `processor`, `quantization`). `source` and `confidence`
    are those of the row that it rests on; None where it rests on facts alone or on nothing. `hint` would change it.
    """

    state: State
    about: str
    message: str
    note: str | None = None
    hint: str | None = None
    source: str | None = None
    confidence: Confidence | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """Something else that is known to work; `note` are its limits."""

    kind: Literal["release", "source", "community", "override", "quantization", "engine"]
    message: str
    note: str | None = None
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is said of one build on one device: `reasons` with those first that decide.

    `artefact` is the kind of build (`image`, `wheel`, `installed`), `what` its name.
    """

    device: str
    engine: str
    artefact: str
    what: str
    reasons: tuple[Reason, ...]

    @property
    def state(self) -> State:
        """No if one reason says so, yes if all do."""
        return self.reasons[0].state if self.reasons else "unknown"

    @property
    def is_certain(self) -> bool:
        """Whether it says no for a reason that was read at its source."""
        return any(reason.state == "no" and reason.confidence == "read" for reason in self.reasons)


def in_order(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """With those first that decide, each kind in the order in which it was given."""
    return tuple(sorted(reasons, key=lambda reason: _ORDER.index(reason.state)))


def best(states: Iterable[State]) -> State:
    """The answer when one of several is enough."""
    return max(states, key=_ORDER.index, default="unknown")
