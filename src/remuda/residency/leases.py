"""Who holds on to which model, and until when.

A lease ends by itself when its time has come; nobody has to be told for it to count no more.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease on a model; `until` is infinite for one that only its end ends."""

    model: str
    until: float


class Leases:
    """All leases, by the names that their holders gave them."""

    def __init__(self) -> None:
        self._leases: dict[str, Lease] = {}

    def all(self) -> Mapping[str, Lease]:
        """Every lease that has not been ended; the time of some may have come."""
        return self._leases.copy()

    def put(self, name: str, model: str, until: float | None) -> None:
        """A new lease, or a new time for an old one."""
        self._leases[name] = Lease(model, math.inf if until is None else until)

    def end(self, name: str) -> None:
        """The lease is given back, if there is one of that name."""
        self._leases.pop(name, None)

    def expire(self, now: float) -> None:
        """Drop those whose time has come."""
        if self._leases:
            self._leases = {name: lease for name, lease in self._leases.items() if lease.until > now}

    def models(self) -> frozenset[str]:
        """The models that somebody holds on to."""
        return frozenset(lease.model for lease in self._leases.values())

    def until(self, model: str, now: float) -> float | None:
        """The end of the longest lease on the model; None when there is none."""
        if not self._leases:
            return None
        ends = (lease.until for lease in self._leases.values() if lease.model == model and lease.until > now)
        return max(ends, default=None)

    def next_end(self) -> float | None:
        """When the next lease ends by itself."""
        ends = (lease.until for lease in self._leases.values() if lease.until < math.inf)
        return min(ends, default=None)
