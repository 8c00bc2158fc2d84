"""What residency is told about the models and devices it decides over; made from a `Plan`, replaced as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from remuda.plan.plan import Instance, Plan

_READ_BYTES_PER_S = 2 * 1024**3
"""What an NVMe drive gives."""
_COPY_BYTES_PER_S = 10 * 1024**3
"""What the host's memory gives a device over PCIe."""


@dataclass(frozen=True, slots=True)
class Resident:
    """One model as residency sees it.

    `claims`: bytes that its instance needs of each device; empty for what costs us nothing (an external server).
    `claims_all`: nobody knows what it needs, so it has each of its devices to itself, and `claims` only names them.
    `ttl_s`: idle seconds after which it is stopped; None keeps it.
    `priority`: added to that of its requests; while it serves, it is not made to go for a lower one.
    `swappable`: whether it may be evicted for another. `preload`: whether it is loaded at the start, if there is room.
    `always_on`: whether it is started whenever it is not up, evicted for nobody and kept without requests.
    `load_s`: how long a start is expected to take, until one has been seen.
    `fingerprint`: the same exactly when a running instance can stand for one of this policy.
    `expels`: models that have to go when this one is loaded, whatever the memory; it need not be mutual.
    `asleep_claims`: bytes that its instance keeps of devices while it is asleep, until that is seen; None where it
    cannot sleep, so that it is stopped to make room. `wake_s`: as `load_s`, for waking.
    """

    model: str
    claims: Mapping[str, int] = field(default_factory=dict)
    ttl_s: float | None = None
    priority: int = 0
    swappable: bool = True
    preload: bool = False
    always_on: bool = False
    claims_all: bool = False
    load_s: float = 0.0
    fingerprint: str = ""
    expels: frozenset[str] = frozenset()
    asleep_claims: Mapping[str, int] | None = None
    wake_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Retry:
    """When a model that failed is tried again.

    The first failure holds nobody up; the second for `first_s`, each further one twice as long, `longest_s` at most.
    After `give_up_after` failures within `window_s` it is not tried again. An instance that has served a request to
    its end starts the count anew.
    """

    first_s: float = 1.0
    longest_s: float = 60.0
    give_up_after: int = 5
    window_s: float = 600.0


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything residency needs to know beforehand.

    `budget`: bytes that may be claimed of each device; every device of a claim is in it.
    `families`: the sets of models that may be up together, any subset of one included; None when memory alone
    decides. With families, a model that is in none of them runs alone. Models without claims and in no family are
    outside of this.
    `evict_costs`: what it costs to evict a model, where families leave a choice; 1 for those not named.
    `capacity`: bytes of each device whose use by other programs is observed; a device that is not in it has its budget
    to itself. `reserve`: bytes of each device that stay free beside what ours and others use.
    `min_residency_s`: for so long a fresh instance is not evicted for another (as far as `max_wait_s` allows).
    `max_wait_s`: after so long, nothing that arrived later and needs the same room is served before.
    """

    residents: Mapping[str, Resident]
    budget: Mapping[str, int]
    families: tuple[frozenset[str], ...] | None = None
    evict_costs: Mapping[str, int] = field(default_factory=dict)
    capacity: Mapping[str, int] = field(default_factory=dict)
    reserve: Mapping[str, int] = field(default_factory=dict)
    min_residency_s: float = 0.0
    max_wait_s: float = 120.0
    retry: Retry = Retry()


def policy_of(plan: Plan, load_s: Mapping[str, float] | None = None) -> Policy:
    """The policy of a plan; `load_s` says how long starts of models took before."""
    known = load_s or {}
    sharing = plan.sharing
    residents = {
        model: _resident(instance, sharing.expels.get(model, frozenset()), known.get(model))
        for model, instance in plan.instances.items()
    }
    return Policy(
        residents=residents,
        budget=plan.budget,
        families=sharing.families,
        evict_costs=sharing.evict_costs,
        capacity=sharing.capacity,
        reserve=sharing.reserve,
        min_residency_s=sharing.min_residency_s,
        max_wait_s=sharing.max_wait_s,
    )


def _resident(instance: Instance, expels: frozenset[str], load_s: float | None) -> Resident:
    standing = instance.standing
    return Resident(
        model=instance.model_id,
        claims=instance.claims,
        ttl_s=instance.ttl_s,
        priority=standing.priority,
        swappable=standing.swappable,
        preload=standing.preload,
        always_on=standing.always_on,
        claims_all=instance.claims_all,
        load_s=_assumed_load_s(instance.claims) if load_s is None else load_s,
        fingerprint=instance.fingerprint,
        expels=expels,
        asleep_claims=instance.asleep_claims,
        wake_s=_assumed_wake_s(instance),
    )


def _assumed_load_s(claims: Mapping[str, int]) -> float:
    """How long reading as many bytes as it claims takes; only compared with those of others, until one was seen."""
    return sum(claims.values()) / _READ_BYTES_PER_S


def _assumed_wake_s(instance: Instance) -> float:
    """How long it takes to copy back what it claims, or to read it again where nothing of it is kept."""
    if instance.sleep is None:
        return 0.0
    speed = _COPY_BYTES_PER_S if instance.sleep == 1 else _READ_BYTES_PER_S
    return sum(instance.claims.values()) / speed
