"""When a model that failed is tried again.

What will not get better by itself (a flag that the engine does not know, weights that are not there) is not tried again
before somebody changes something or asks for the load. A server that somebody else runs is never given up. Everything
else is tried again after a time that grows; when memory was short, also as soon as something else has gone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from remuda.engines.contract import Failure, FailureKind
from remuda.residency.policy import Retry

_LASTING = frozenset(
    {
        FailureKind.BAD_FLAG,
        FailureKind.MISSING_WEIGHTS,
        FailureKind.NOT_INSTALLED,
        FailureKind.ILLEGAL_INSTRUCTION,
    }
)
_NEVER_GIVEN_UP = frozenset({FailureKind.UNREACHABLE})


@dataclass(slots=True)
class Failures:
    """The failures of one model since it was last in order.

    Times are of the caller's clock. `retry_at`: not before then, infinite when it is given up; None when nothing holds
    it up.
    """

    last: Failure | None = None
    retry_at: float | None = None
    times: list[float] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.times)

    def __len__(self) -> int:
        return len(self.times)

    def add(self, failure: Failure, now: float, retry: Retry) -> None:
        """It has failed once more."""
        self.last = failure
        self.times = [time for time in self.times if time > now - retry.window_s] + [now]
        given_up = len(self) >= retry.give_up_after and failure.kind not in _NEVER_GIVEN_UP
        if failure.kind in _LASTING or given_up:
            self.retry_at = math.inf
        else:
            delay_s = _delay_s(len(self), retry)
            self.retry_at = now + delay_s if delay_s else None

    def hold_up(self, now: float) -> Failure | None:
        """Why it is not tried right now, None if it may be."""
        return self.last if self.retry_at is not None and now < self.retry_at else None

    def room_was_made(self) -> None:
        """Something else has gone: what failed for want of memory may be tried at once, unless it is given up."""
        if self.last is not None and self.last.kind is FailureKind.OUT_OF_MEMORY and self.retry_at != math.inf:
            self.retry_at = None

    def forget(self) -> None:
        """It is in order, or somebody wants it to be tried whatever has been."""
        self.retry_at = None
        self.times.clear()


def _delay_s(failures: int, retry: Retry) -> float:
    if failures < 2:  # noqa: PLR2004  the first is free
        return 0.0
    doublings = min(failures - 2, 60)
    return min(retry.longest_s, retry.first_s * 2.0**doublings)
