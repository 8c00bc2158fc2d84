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


@dataclass(frozen=True, slots=True)
class WaitingFor:
    """Why the requests for a model are not served yet; `models` are those that hold them up."""

    obstacle: Obstacle
    models: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """One model at one moment; times are of the caller's clock, `since` is None if it was never started."""

    model: str
    state: State
    since: float | None
    attempt: int
    in_flight: int
    waiting: int
    waiting_for: WaitingFor | None
    expires_at: float | None
    last_failure: Failure | None
