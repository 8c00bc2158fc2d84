"""What the daemon tells whoever watches it: values, printed by `remuda up` and written down in the journal.

A report is for a person; a program asks the control API instead.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from remuda import __version__
from remuda.engines.contract import Failure
from remuda.errors import Problem


@dataclass(frozen=True, slots=True)
class Noted:
    """Something about the plan that the user should know."""

    problem: Problem


@dataclass(frozen=True, slots=True)
class Serving:
    """The gateway answers at this base URL."""

    url: str


@dataclass(frozen=True, slots=True)
class Starting:
    """An engine is being started."""

    model: str


@dataclass(frozen=True, slots=True)
class Ready:
    """An engine can serve at `address`; `took_s` is None for one taken over from an earlier daemon."""

    model: str
    address: str
    took_s: float | None


@dataclass(frozen=True, slots=True)
class Stopping:
    """An engine is being stopped, and why."""

    model: str
    reason: str


@dataclass(frozen=True, slots=True)
class FallingAsleep:
    """An engine is being put to sleep, and why."""

    model: str
    reason: str


@dataclass(frozen=True, slots=True)
class Asleep:
    """An engine sleeps; `took_s` is None for one taken over from an earlier daemon."""

    model: str
    took_s: float | None


@dataclass(frozen=True, slots=True)
class Waking:
    """An engine is being woken."""

    model: str


@dataclass(frozen=True, slots=True)
class Awake:
    """An engine that slept can serve again."""

    model: str
    address: str
    took_s: float


@dataclass(frozen=True, slots=True)
class CacheKept:
    """What an engine has cached was saved, was restored, or could not be."""

    model: str
    message: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """An engine is gone."""

    model: str
    took_s: float


@dataclass(frozen=True, slots=True)
class Failed:
    """An engine did not come up or did not stay up."""

    model: str
    failure: Failure


@dataclass(frozen=True, slots=True)
class HookFailed:
    """A hook that can refuse nothing has failed."""

    model: str
    message: str


@dataclass(frozen=True, slots=True)
class MemoryKept:
    """Memory of an engine that is gone did not come back in time."""

    model: str
    message: str


@dataclass(frozen=True, slots=True)
class FileRead:
    """The fleet file was read again, and what came of it."""

    message: str


@dataclass(frozen=True, slots=True)
class ShuttingDown:
    """The daemon ends; `in_flight` requests are being finished, and `then` follows."""

    in_flight: int
    then: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """Our own bug: what was being done and the error."""

    doing: str
    error: str


Report = (
    Noted
    | Serving
    | Starting
    | Ready
    | Stopping
    | FallingAsleep
    | Asleep
    | Waking
    | Awake
    | CacheKept
    | Stopped
    | Failed
    | HookFailed
    | MemoryKept
    | FileRead
    | ShuttingDown
    | Trouble
)
Reporter = Callable[[Report], None]


def both(first: Reporter, second: Reporter) -> Reporter:
    """Tells two who watch."""

    def tell(what: Report) -> None:
        first(what)
        second(what)

    return tell


def sentence(what: Report) -> str:
    """A report in words, without the name of its model."""
    match what:
        case Noted(problem):
            return problem.message
        case Serving(url):
            return f"remuda {__version__} serves at {url}/v1"
        case Ready(took_s=None, address=address):
            return f"ready at {address}, taken over"
        case Ready(took_s=took_s, address=address):
            return f"ready at {address} in {took_s:.2f} s"
        case Stopping(reason=reason):
            return f"stopping: {reason}"
        case Starting() | FallingAsleep() | Asleep() | Waking() | Awake():
            return _of_change(what)
        case Stopped(took_s=took_s):
            return f"stopped in {took_s:.2f} s"
        case Failed(failure=failure):
            return f"failed ({failure.kind}): {failure.message}"
        case HookFailed(message=message) | MemoryKept(message=message) | CacheKept(message=message) | FileRead(message):
            return message
        case ShuttingDown(in_flight, then):
            requests = "1 request" if in_flight == 1 else f"{in_flight} requests"
            return f"finishing {requests}, then {then}" if in_flight else then
        case Trouble(doing, error):
            return f"a bug in remuda, while {doing}: {error}"


def _of_change(what: Starting | FallingAsleep | Asleep | Waking | Awake) -> str:
    match what:
        case Starting():
            return "starting"
        case FallingAsleep(reason=reason):
            return f"falling asleep: {reason}"
        case Asleep(took_s=None):
            return "asleep, taken over"
        case Asleep(took_s=took_s):
            return f"asleep in {took_s:.2f} s"
        case Waking():
            return "waking"
        case Awake(took_s=took_s, address=address):
            return f"awake at {address} in {took_s:.2f} s"
