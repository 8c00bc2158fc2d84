"""What happened: the input of `Residency.handle`. The counterpart is `remuda.residency.commands`.

`request` is an integer that the caller made up, unique over the life of the residency. `attempt` is the number that
the `Start` command carried: an event about an attempt that is no longer current is ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from remuda.engines.contract import Failure
from remuda.residency.policy import Policy


@dataclass(frozen=True, slots=True)
class RequestArrived:
    """A client asks for a model. Answered by exactly one `Grant` or `Refuse`, unless it is abandoned first.

    Where models wait for one another, the one that is asked for with the highest `priority` goes first; the model's
    own priority is added to it. With `insists`, somebody asks for the load itself (`remuda load`): a failure that would
    keep others from trying again is forgotten.
    """

    request: int
    model: str
    priority: int = 0
    insists: bool = False


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
    """The instance of this attempt can serve: it has been started, or woken."""

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
    """A `Stop` has been carried out: nothing of the instance is left, and its memory has been seen to come back.

    Where the memory does not come back in time, `MemoryHeld` comes first.
    """

    model: str
    attempt: int


@dataclass(frozen=True, slots=True)
class InstanceAdopted:
    """An instance that an earlier daemon started is running. Its attempt number is the caller's.

    `asleep`: None when it is ready; else it is asleep, and this is what it has been seen to keep (`InstanceAsleep`).
    """

    model: str
    attempt: int
    asleep: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class InstanceAsleep:
    """A `Sleep` has been carried out, and what it frees has been seen to come back.

    `keeps`: bytes that it has been seen to keep of devices; for those not named, what its policy says counts.
    """

    model: str
    attempt: int
    keeps: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SleepFailed:
    """A `Sleep` could not be carried out, and nobody knows in which state the instance is; it is stopped instead."""

    model: str
    attempt: int
    reason: str


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
class LeaseAsked:
    """Somebody holds on to the model until a time of the caller's clock; None: until `LeaseEnded`.

    A model with a lease is not evicted for another and not stopped by its ttl. The lease outlives the instance, loads
    nothing by itself and stands in nobody's way while the model is not up. `lease` is the caller's name for it; asked
    for again, it is moved to the new time (and model). An unload that somebody asks for is carried out all the same.
    """

    lease: str
    model: str
    until: float | None = None


@dataclass(frozen=True, slots=True)
class LeaseEnded:
    """The lease is given back; nothing happens if it is unknown or over. One whose time has come ends by itself."""

    lease: str


@dataclass(frozen=True, slots=True)
class DeviceYielded:
    """Another program is to have the device: what claims memory of it goes, and requests for it are refused at once.

    Instances finish their requests first, or do not with `kill`; starts are ended. `to` names who gets it, for the
    refusals. Nobody is told when the device is empty: see `Residency.users`.
    """

    device: str
    to: str = "another program"
    kill: bool = False


@dataclass(frozen=True, slots=True)
class DeviceReturned:
    """The device may be used again."""

    device: str


@dataclass(frozen=True, slots=True)
class Foreign:
    """Memory of a device that nothing of ours uses; `by` names the program that has most of it, if one is known."""

    used_bytes: int
    by: str | None = None


@dataclass(frozen=True, slots=True)
class DevicesObserved:
    """What programs that are not ours use of each device right now; a device that is not named keeps its last figure.

    Only devices of the policy's `capacity` are narrowed by it. Nothing is evicted because of it: what is up stays, and
    what others leave decides what can be started. Replaces what `MemoryHeld` said of the same devices.
    """

    foreign: Mapping[str, Foreign]


@dataclass(frozen=True, slots=True)
class MemoryMeasured:
    """What an instance of the model has been seen to need, at its peak: instead of claims that nobody knew.

    Ignored for a model whose claims are known (not `claims_all`): what the file declares holds. It counts from the next
    start on; before that only what it needs more than it was charged counts, at once. `claims` names every device that
    it uses. It is forgotten when a new policy has another fingerprint for the model, or no such model.
    """

    model: str
    claims: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class MemoryHeld:
    """The memory of an instance that was stopped, or died, has not come back in time.

    Comes before the `InstanceStopped` or `InstanceFailed` of the same attempt. From then on so many bytes of the
    device count as used by others, until the next `DevicesObserved`. `by` names the process that still has them.
    """

    model: str
    attempt: int
    device: str
    used_bytes: int
    by: str | None = None


@dataclass(frozen=True, slots=True)
class PreloadAsked:
    """The daemon has started (and adopted what ran): load what is to be preloaded or always on."""


@dataclass(frozen=True, slots=True)
class PolicyChanged:
    """The fleet has changed; from now on this policy holds.

    Instances whose `fingerprint` is the same go on undisturbed, and so do their requests. Others finish their requests
    and are stopped, and start again as they are wanted; those of models that are gone are stopped and forgotten, and
    who waits for them is refused. A `Start` that follows means the new settings.
    """

    policy: Policy


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
    | InstanceAsleep
    | SleepFailed
    | UnloadAsked
    | TtlAsked
    | LeaseAsked
    | LeaseEnded
    | DeviceYielded
    | DeviceReturned
    | DevicesObserved
    | MemoryMeasured
    | MemoryHeld
    | PreloadAsked
    | PolicyChanged
    | TimerFired
    | ShutdownAsked
)
