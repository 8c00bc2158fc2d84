"""What happened: the input of `Residency.handle`. The counterpart is `remuda.residency.commands`.

`request` is an integer that the caller made up, unique over the life of the residency. `attempt` is the number that
the `Start` command carried: an event about an attempt that is no longer current is ignored.
"""

from __future__ import annotations

from dataclasses import dataclass

from remuda.engines.contract import Failure


@dataclass(frozen=True, slots=True)
class RequestArrived:
    """A client asks for a model. Answered by exactly one `Grant` or `Refuse`, unless it is abandoned first.

    Where models wait for one another, the one that is asked for with the highest `priority` goes first.
    """

    request: int
    model: str
    priority: int = 0


@dataclass(frozen=True, slots=True)
class RequestEnded:
    """A granted request is over, however it ended."""

    request: int


@dataclass(frozen=True, slots=True)
class RequestAbandoned:
    """The client left before its request was granted."""

    request: int


@dataclass(frozen=True, slots=True)
class InstanceReady:
    """The instance of this attempt can serve."""

    model: str
    attempt: int


@dataclass(frozen=True, slots=True)
class InstanceFailed:
    """The instance ended by itself, before or after it was ready, and nothing of it is left."""

    model: str
    attempt: int
    failure: Failure


@dataclass(frozen=True, slots=True)
class InstanceStopped:
    """A `Stop` has been carried out: nothing of the instance is left."""

    model: str
    attempt: int


@dataclass(frozen=True, slots=True)
class InstanceAdopted:
    """An instance that an earlier daemon started is running and ready. Its attempt number is the caller's."""

    model: str
    attempt: int


@dataclass(frozen=True, slots=True)
class UnloadAsked:
    """Somebody wants the model out of memory: after its requests, or at once with `kill`."""

    model: str
    kill: bool = False


@dataclass(frozen=True, slots=True)
class TtlAsked:
    """Somebody wants the instance that is up to have this ttl, in seconds, until it is stopped; None: for ever."""

    model: str
    ttl_s: float | None


@dataclass(frozen=True, slots=True)
class TimerFired:
    """The time that a `WakeAt` named has come."""


@dataclass(frozen=True, slots=True)
class ShutdownAsked:
    """The daemon ends: refuse what waits, let what is served finish, then stop everything; `kill` does not wait."""

    kill: bool = False


Event = (
    RequestArrived
    | RequestEnded
    | RequestAbandoned
    | InstanceReady
    | InstanceFailed
    | InstanceStopped
    | InstanceAdopted
    | UnloadAsked
    | TtlAsked
    | TimerFired
    | ShutdownAsked
)
