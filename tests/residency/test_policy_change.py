"""A changed fleet: what is the same goes on, what is not makes way when it is idle."""

from __future__ import annotations

from dataclasses import replace

import pytest

from remuda.residency.commands import Grant, RefusalKind, Refuse, Start, Stop, WakeAt
from remuda.residency.events import (
    InstanceReady,
    InstanceStopped,
    MemoryMeasured,
    PolicyChanged,
    RequestArrived,
    RequestEnded,
)
from remuda.residency.policy import Policy, Resident
from tests.residency.playbook import Playbook, make_policy

BEFORE = make_policy({"a": 1, "b": 1, "c": 1}, 3)
CHANGED = "its settings have changed"
REMOVED = "it is not in the fleet any more"


def after(*, without: str = "", **changes: Resident) -> PolicyChanged:
    residents = {model: each for model, each in BEFORE.residents.items() if model not in without} | changes
    return PolicyChanged(replace(BEFORE, residents=residents))


def test_what_has_not_changed_goes_on_and_what_has_is_stopped_and_comes_as_it_is_now() -> None:
    play = Playbook(BEFORE).up("a", "b").on(RequestArrived(1, "a"), Grant(1, "a"))
    play.on(after(b=Resident("b", {"gpu": 2}, fingerprint="new")), Stop("b", 2, CHANGED))
    play.on(RequestArrived(2, "b")).on(RequestArrived(3, "a"), Grant(3, "a"))
    play.on(InstanceStopped("b", 2), Start("b", 3))
    assert play.residency.memory_bytes("b") == 2


def test_a_changed_instance_finishes_its_requests_first() -> None:
    play = Playbook(BEFORE).up("a").on(RequestArrived(1, "a"), Grant(1, "a"))
    play.on(after(a=Resident("a", {"gpu": 1}, fingerprint="new")))
    play.on(RequestArrived(2, "a")).on(RequestEnded(1), Stop("a", 1, CHANGED))
    play.on(InstanceStopped("a", 1), Start("a", 2)).on(InstanceReady("a", 2), Grant(2, "a"))


def test_a_start_of_what_has_changed_begins_anew_for_those_who_wait() -> None:
    play = Playbook(BEFORE).on(RequestArrived(1, "a"), Start("a", 1))
    play.on(after(a=Resident("a", {"gpu": 1}, fingerprint="new")), Stop("a", 1, CHANGED))
    play.on(InstanceStopped("a", 1), Start("a", 2))


def test_what_has_left_the_fleet_finishes_its_requests_and_is_forgotten() -> None:
    play = Playbook(BEFORE).up("a").on(RequestArrived(1, "a"), Grant(1, "a")).on(after(without="a"))
    refused = Refuse(2, "a", RefusalKind.REMOVED, "`a` is not in the fleet any more")
    play.on(RequestArrived(2, "a"), refused).on(RequestEnded(1), Stop("a", 1, REMOVED))
    play.on(InstanceStopped("a", 1))
    with pytest.raises(KeyError):
        play.on(RequestArrived(3, "a"))


def test_who_waits_for_what_has_left_the_fleet_is_refused() -> None:
    play = Playbook(BEFORE).on(RequestArrived(1, "a"), Start("a", 1))
    refused = Refuse(1, "a", RefusalKind.REMOVED, "`a` is not in the fleet any more")
    play.on(after(without="a"), refused, Stop("a", 1, REMOVED))


def test_a_new_model_can_be_asked_for() -> None:
    play = Playbook(BEFORE).on(after(d=Resident("d", {"gpu": 1}))).on(RequestArrived(1, "d"), Start("d", 1))
    assert [status.model for status in play.residency.snapshot()] == ["a", "b", "c", "d"]


def test_a_new_ttl_is_in_force_at_once() -> None:
    play = Playbook(BEFORE).up("a")
    play.on(after(a=Resident("a", {"gpu": 1}, ttl_s=5.0)), WakeAt(5.0))


def test_a_smaller_budget_evicts_nobody_by_itself() -> None:
    play = Playbook(BEFORE).up("a", "b").on(PolicyChanged(replace(BEFORE, budget={"gpu": 1})))
    assert play.states() == "a ready, b ready"
    play.on(RequestArrived(1, "c"), Stop("a", 1, "evicted for `c`"), Stop("b", 2, "evicted for `c`"))


def test_what_was_measured_is_of_no_use_for_other_settings() -> None:
    unknown = Resident("a", {"gpu": 1}, claims_all=True)
    play = Playbook(BEFORE).on(after(a=unknown)).on(MemoryMeasured("a", {"gpu": 3}))
    assert play.residency.memory_bytes("a") == 3
    play.on(after(a=replace(unknown, ttl_s=9.0)))
    assert play.residency.memory_bytes("a") == 3
    play.on(after(a=replace(unknown, fingerprint="new")))
    assert play.residency.memory_bytes("a") == 1


def test_the_same_policy_changes_nothing() -> None:
    policy: Policy = replace(BEFORE)
    play = Playbook(BEFORE).up("a").on(RequestArrived(1, "a"), Grant(1, "a")).on(PolicyChanged(policy))
    assert play.states() == "a ready"
