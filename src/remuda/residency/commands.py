"""What to do: the output of `Residency.handle`. The counterpart is `remuda.residency.events`."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from remuda.engines.contract import Failure


@dataclass(frozen=True, slots=True)
class Start:
    """Start the model's instance; answered by `InstanceReady` or `InstanceFailed` of this attempt."""

    model: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Stop:
    """Stop the instance, with the engine's grace or by `kill`; answered by `InstanceStopped` of this attempt.

    May come for an instance that is still starting. A second one, with `kill`, may follow for the same attempt when
    somebody loses patience; still one `InstanceStopped` answers both.
    """

    model: str
    attempt: int
    reason: str
    kill: bool = False


@dataclass(frozen=True, slots=True)
class Sleep:
    """Put the instance, which has no requests, to sleep; answered by `InstanceAsleep`, `SleepFailed` or its failure."""

    model: str
    attempt: int
    reason: str


@dataclass(frozen=True, slots=True)
class Wake:
    """Wake the instance, which is asleep; answered by `InstanceReady` or `InstanceFailed` of this attempt."""

    model: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Grant:
    """Forward the request to the model's instance; `RequestEnded` must follow."""

    request: int
    model: str


class RefusalKind(enum.StrEnum):
    """Why a request is not served."""

    LOAD_FAILED = "load_failed"
    CANNOT_FIT = "cannot_fit"
    UNLOADED = "unloaded"
    SHUTTING_DOWN = "shutting_down"
    NOT_LOADED = "not_loaded"
    """It was asked for only if it is there."""
    BACKING_OFF = "backing_off"
    """Its last start failed, and it is too early to try again."""
    GIVEN_UP = "given_up"
    """It failed in a way, or so often, that it is not tried again before something is changed or a load asked for."""
    HELD = "held"
    """There is no room: others hold memory that it needs, or models are up that may not be evicted for it."""
    YIELDED = "yielded"
    """One of its devices has been lent to another program."""
    REMOVED = "removed"
    """It is not in the fleet any more."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """Answer the request with an error; `failure` is there when a load failed.

    `retry_after_s`: when it may be worth another try; None where nobody knows or it never will be.
    """

    request: int
    model: str
    kind: RefusalKind
    message: str
    failure: Failure | None = None
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class WakeAt:
    """Send `TimerFired` at this time of the caller's clock; replaces an earlier `WakeAt`."""

    at: float


Command = Start | Stop | Sleep | Wake | Grant | Refuse | WakeAt
