from __future__ import annotations

import math

import pytest

from remuda.residency.instance import Instance
from remuda.residency.leases import Leases
from remuda.residency.ledger import Ledger, Occupancy
from remuda.residency.picture import Picture
from remuda.residency.policy import Policy, Resident
from remuda.residency.states import State
from remuda.residency.waiting import Waiting

NOW = 100.0
RESIDENTS = {
    "a": Resident("a", {"gpu": 1}, load_s=20.0),
    "b": Resident("b", {"gpu": 1}, load_s=10.0, priority=2),
    "fixed": Resident("fixed", {"gpu": 1}, swappable=False),
    "always": Resident("always", {"gpu": 1}, always_on=True),
}


def picture(*up: str, min_residency_s: float = 0.0) -> Picture:
    """What is `up` is ready and idle."""
    policy = Policy(RESIDENTS, {"gpu": 9}, min_residency_s=min_residency_s, max_wait_s=60.0)
    ledger = Ledger(policy)
    instances = {model: Instance(resident) for model, resident in RESIDENTS.items()}
    for model in up:
        instances[model].move(State.READY, 0.0)
        instances[model].ready_since = instances[model].idle_since = 90.0
    return Picture(ledger, instances, Occupancy(ledger, up), Waiting(), Leases(), NOW)


@pytest.mark.parametrize(("asked_at", "overdue"), [(40.0, True), (40.5, False)])
def test_somebody_is_overdue_after_the_longest_wait(asked_at: float, *, overdue: bool) -> None:
    seen = picture()
    assert not seen.is_overdue("a")
    seen.waiting.add(1, "a", at=asked_at)
    assert seen.is_overdue("a") is overdue
    assert seen.overdue_at("a") == asked_at + 60.0


def test_the_priority_is_that_of_those_who_wait_or_else_of_the_model() -> None:
    seen = picture()
    assert seen.priority("b") == 2
    seen.waiting.add(1, "b", priority=1)
    seen.waiting.add(2, "b", priority=5)
    assert seen.priority("b") == 5


def test_what_cannot_be_made_to_go() -> None:
    seen = picture("a", "b", "fixed", "always")
    seen.leases.put("mine", "b", NOW + 1.0)
    assert seen.unmovable() == ["always", "b", "fixed"]
    seen.instances["fixed"].leaving = "unload was asked for"
    assert seen.unmovable() == ["always", "b"]
    assert [model for model in RESIDENTS if seen.may_be_evicted(model)] == ["a"]


def test_who_is_fresh_or_used_for_something_more_urgent_is_spared_until_somebody_is_overdue() -> None:
    assert picture("a").spared("a", "b") == frozenset()
    fresh = picture("a", min_residency_s=10.5)
    assert fresh.spared("a", "b") == {"a"}
    assert fresh.evictable_at("a") == 100.5
    assert picture().evictable_at("a") == -math.inf
    used = picture("a")
    used.instances["a"].use_priority = 3
    assert used.spared("a", "b") == {"a"}
    used.waiting.add(1, "b", at=0.0)
    assert used.spared("a", "b") == frozenset()


def test_the_cost_is_the_load_for_each_use_of_late_and_the_interruption() -> None:
    seen = picture("a")
    assert seen.cost("a") == 0.0
    seen.instances["a"].worth.use()
    seen.instances["a"].worth.drain_s = 3.0
    assert seen.cost("a") == 20.0
    seen.instances["a"].in_flight = 1
    assert seen.cost("a") == 23.0


def test_a_swap_costs_more_than_in_proportion_to_the_time_that_the_users_are_without_their_model() -> None:
    seen = picture("a")
    assert seen.swap_cost("a", "b") == 0.0
    seen.instances["a"].worth.use()
    short = seen.swap_cost("a", "b")
    seen.instances["b"].worth.load_s = 40.0  # away for 60 s in place of 30 s
    assert seen.swap_cost("a", "b") == pytest.approx(4 * short)


@pytest.mark.parametrize(("pause_s", "until"), [(1.5, 93.0), (1.6, -math.inf), (math.inf, -math.inf)])
def test_an_idle_instance_counts_as_in_use_for_two_pauses_up_to_a_tenth_of_a_swap(pause_s: float, until: float) -> None:
    seen = picture("a")
    seen.instances["a"].worth.pause_s = pause_s
    assert seen.lingers_until("a", "b") == until
    seen.instances["a"].idle_since = None
    assert seen.lingers_until("a", "b") == -math.inf
