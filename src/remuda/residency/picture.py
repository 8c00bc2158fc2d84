"""Everything that a decision looks at, at one moment, and the questions that it asks of it.

A view of what `remuda.residency.residency` owns; nothing is changed through it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from remuda.residency.instance import Instance
from remuda.residency.leases import Leases
from remuda.residency.ledger import Ledger, Occupancy
from remuda.residency.states import State
from remuda.residency.waiting import Waiting

_PAUSES = 2.0
"""For how many of its usual pauses an idle instance counts as in use."""
_OF_A_SWAP = 0.1
"""How long that may be at most, in relation to the swap there and back."""


@dataclass(frozen=True, slots=True)
class Picture:
    """The models, what is up of them, who waits, who holds on to what."""

    ledger: Ledger
    instances: Mapping[str, Instance]
    up: Occupancy
    waiting: Waiting
    leases: Leases
    now: float

    def in_turn(self) -> list[str]:
        """The models that are waited for, the one whose turn it is first."""
        return self.waiting.in_turn(self.now, self.ledger.policy.max_wait_s, self._load_s)

    def is_overdue(self, model: str) -> bool:
        """Whether somebody has waited for the model as long as anybody has to."""
        return self.waiting.count(model) > 0 and self.overdue_at(model) <= self.now

    def overdue_at(self, model: str) -> float:
        """When that will be so; somebody has to wait for it."""
        return self.waiting.since(model) + self.ledger.policy.max_wait_s

    def priority(self, model: str) -> int:
        """The highest priority of those who wait for the model; its own when nobody does."""
        return self.waiting.priority(model) if self.waiting.count(model) else self.instances[model].resident.priority

    def may_be_evicted(self, model: str) -> bool:
        """Whether there is anybody for whom the instance could be made to go."""
        resident = self.instances[model].resident
        return resident.swappable and not resident.always_on and self.leases.until(model, self.now) is None

    def unmovable(self) -> list[str]:
        """The instances that are up, have not been told to go, and cannot be made to."""
        held = self.ledger.fixed | self.leases.models()
        return sorted(m for m in held if m in self.up and self._remains(m) and not self.may_be_evicted(m))

    def _remains(self, model: str) -> bool:
        instance = self.instances[model]
        return instance.staying or instance.state is State.ASLEEP

    def evictable_at(self, victim: str) -> float:
        """From when on the instance is not too fresh to make way."""
        ready_since = self.instances[victim].ready_since
        return -math.inf if ready_since is None else ready_since + self.ledger.policy.min_residency_s

    def spared(self, victims: Iterable[str], newcomer: str) -> frozenset[str]:
        """Those who are in use for something more urgent, or too fresh, to make way for the newcomer already."""
        if self.is_overdue(newcomer):
            return frozenset()
        priority = self.priority(newcomer)
        return frozenset(
            victim
            for victim in victims
            if self.evictable_at(victim) > self.now or self.instances[victim].is_used_above(priority)
        )

    def cost(self, victim: str) -> float:
        """What it costs to send the instance away, in seconds of waiting."""
        instance = self.instances[victim]
        interruption_s = instance.worth.drain_s if instance.in_flight else 0.0
        return instance.away_s * instance.worth.reuse(self.now) + interruption_s

    def lingers_until(self, victim: str, newcomer: str) -> float:
        """Until when the idle instance counts as in use, because its users pause for far less than a swap takes."""
        out = self.instances[victim]
        linger_s = _PAUSES * out.worth.pause_s
        swap_s = self.instances[newcomer].load_s + out.load_s
        if out.idle_since is None or linger_s > _OF_A_SWAP * swap_s:
            return -math.inf
        return out.idle_since + linger_s

    def swap_cost(self, victim: str, newcomer: str) -> float:
        """How long those will wait, all together, who ask for the victim while it makes way and comes back.

        While it is drained, the newcomer loaded and used, and the victim loaded again, requests come in as they did.
        """
        out, come = self.instances[victim], self.instances[newcomer]
        away_s = out.worth.drain_s + come.load_s + come.worth.drain_s + out.away_s
        return out.worth.uses_per_s(self.now) * away_s**2 / 2

    def _load_s(self, model: str) -> float:
        instance = self.instances[model]
        return 0.0 if instance.staying else instance.load_s
