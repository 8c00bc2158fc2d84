"""What residency tells about itself: values for `ps`, made while deciding and never worked out afterwards."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from remuda.engines.contract import Failure
from remuda.residency.states import State


class Obstacle(enum.StrEnum):
    """What a model that is asked for has to wait for."""

    LOAD = "load"
    """Its own start is under way."""
    TURN = "turn"
    """Models that were asked for earlier come first."""
    REQUESTS = "requests"
    """Instances that have to go still have requests to finish."""
    START = "start"
    """Another start on one of its devices has to end first."""
    RELEASE = "release"
    """Instances are being stopped."""
    RESIDENCY = "residency"
    """Instances that would have to go are too fresh, or too much in use, to make way already."""
    LEASE = "lease"
    """Somebody holds on to instances that would have to go."""


@dataclass(frozen=True, slots=True)
class WaitingFor:
    """Why the requests for a model are not served yet; `models` are those that hold them up."""

    obstacle: Obstacle
    models: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """One model at one moment; times are of the caller's clock, `since` is None if it was never started.

    `failures`: how often in a row it has failed lately. `retry_at`: before that time it is not tried again, infinite
    when it has been given up; None when nothing holds it up. `leased_until`: the end of its longest lease, infinite
    when it has none. `load_s`: how long its last start took, None before the first. `leaving`: why it will be stopped.
    """

    model: str
    state: State
    since: float | None
    attempt: int
    in_flight: int
    waiting: int
    waiting_for: WaitingFor | None
    expires_at: float | None
    last_failure: Failure | None
    failures: int = 0
    retry_at: float | None = None
    leased_until: float | None = None
    load_s: float | None = None
    leaving: str | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """What would happen if the model were asked for now: `Residency.explain`.

    `outcome` is one of `ready` (served at once), `joins` (a start is under way), `starts` (there is room), `evicts`
    (others go first; those in `busy` finish their requests before), `waits` (for what `obstacle` and `blocked_by` say)
    and `refused`. `reasons` are sentences that say it all, the most important first.
    """

    model: str
    outcome: str
    evicts: tuple[str, ...] = ()
    busy: tuple[str, ...] = ()
    obstacle: Obstacle | None = None
    blocked_by: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    retry_after_s: float | None = None
