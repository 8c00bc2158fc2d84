"""How the models of a fleet share the devices, as far as the fleet file says; `remuda.residency` decides by it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from remuda.facts.host import Host
from remuda.spec import groups, sets
from remuda.spec.fleet import Fleet
from remuda.spec.model import Model


@dataclass(frozen=True, slots=True)
class Standing:
    """The place of one model among the others: the keys of the fleet file of the same names."""

    priority: int = 0
    swappable: bool = True
    preload: bool = False
    always_on: bool = False


@dataclass(frozen=True, slots=True)
class Sharing:
    """The rules for all models together.

    `families`: models that may be up together, None when memory alone decides. `expels`: who goes when a model is
    loaded. `capacity`: bytes of each device of the host, `reserve`: how many of them stay free.
    """

    families: tuple[frozenset[str], ...] | None = None
    evict_costs: Mapping[str, int] = field(default_factory=dict)
    expels: Mapping[str, frozenset[str]] = field(default_factory=dict)
    capacity: Mapping[str, int] = field(default_factory=dict)
    reserve: Mapping[str, int] = field(default_factory=dict)
    min_residency_s: float = 0.0
    max_wait_s: float = 120.0

    @property
    def named(self) -> frozenset[str]:
        """The models of whom the user has said what fits beside them, so that their memory needs not be known."""
        return frozenset().union(*(self.families or ()), self.expels)


def standing(entry: Model) -> Standing:
    """What the file says of one model."""
    return Standing(entry.priority, entry.swappable, entry.preload, entry.always_on)


def sharing(fleet: Fleet, host: Host, models: Iterable[str]) -> Sharing:
    """What the file says of the models that take memory of this host."""
    residency = fleet.residency
    never = math.inf
    return Sharing(
        families=sets.families(residency.sets) if residency.sets else None,
        evict_costs=residency.evict_costs,
        expels=groups.expels(residency.groups, models) if residency.groups else {},
        capacity={device.name: device.total_bytes for device in host.devices},
        reserve=residency.reserve,
        min_residency_s=never if residency.min_residency_s is None else residency.min_residency_s,
        max_wait_s=never if residency.max_wait_s is None else residency.max_wait_s,
    )
