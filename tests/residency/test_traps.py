"""The traps that other swapping servers fell into, each by name: leaving clients, swap, queue and eviction."""

from __future__ import annotations

from dataclasses import replace

import pytest

from remuda.residency.commands import Grant, RefusalKind, Refuse, Start, Stop, WakeAt
from remuda.residency.events import (
    InstanceFailed,
    InstanceReady,
    InstanceStopped,
    RequestAbandoned,
    RequestArrived,
    RequestEnded,
    TimerFired,
    UnloadAsked,
)
from remuda.residency.states import State
from tests.residency.playbook import BROKEN, Playbook, make_policy

ONE_FITS = make_policy({"a": 1, "b": 1, "c": 1}, 1)


def test_trap_05_who_leaves_the_queue_leaves_the_swap_as_well() -> None:
    play = Playbook(ONE_FITS).up("a").on(RequestArrived(1, "a"), Grant(1, "a")).on(RequestArrived(2, "b"))
    play.on(RequestAbandoned(2)).on(RequestEnded(1)).on(RequestAbandoned(2))
    assert (play.states(), play.status("b").waiting) == ("a ready", 0)


def test_trap_06_a_client_that_leaves_during_a_load_does_not_cancel_it() -> None:
    play = Playbook(ONE_FITS).on(RequestArrived(1, "a"), Start("a", 1)).on(RequestAbandoned(1))
    play.on(InstanceReady("a", 1)).on(RequestArrived(2, "a"), Grant(2, "a"))


def test_trap_06_a_load_that_nobody_waits_for_any_more_is_not_begun() -> None:
    play = Playbook(ONE_FITS).on(RequestArrived(1, "a"), Start("a", 1)).on(RequestArrived(2, "b"))
    play.on(RequestAbandoned(2)).on(InstanceReady("a", 1), Grant(1, "a")).on(RequestEnded(1))
    assert play.states() == "a ready"


def test_trap_17_a_fresh_instance_is_not_evicted_before_its_first_request() -> None:
    play = Playbook(ONE_FITS).on(RequestArrived(1, "a"), Start("a", 1)).on(RequestArrived(2, "b"))
    play.on(InstanceReady("a", 1), Grant(1, "a"))
    assert play.status("a").in_flight == 1
    play.on(RequestEnded(1), Stop("a", 1, "evicted for `b`"))


def test_trap_17_an_eviction_target_is_not_resurrected_by_a_new_request() -> None:
    play = Playbook(ONE_FITS).up("a").on(RequestArrived(1, "b"), Stop("a", 1, "evicted for `b`"))
    play.on(RequestArrived(2, "a"))
    play.swap("a", "b", granted=(1,))


def test_trap_18_a_stream_of_requests_to_one_model_cannot_starve_another() -> None:
    play = Playbook(ONE_FITS).up("a").on(RequestArrived(0, "a"), Grant(0, "a")).on(RequestArrived(1, "b"))
    for request in range(2, 50):
        play.on(RequestArrived(request, "a"))
    play.on(RequestEnded(0), Stop("a", 1, "evicted for `b`")).swap("a", "b", granted=(1,))
    play.on(RequestEnded(1), Stop("b", 2, "evicted for `a`")).swap("b", "a", granted=tuple(range(2, 50)))


def test_trap_18_overlapping_streams_to_two_models_cannot_starve_a_third() -> None:
    play = Playbook(make_policy({"a": 1, "b": 1, "c": 1}, 2)).up("a", "b")
    play.on(RequestArrived(1, "a"), Grant(1, "a")).on(RequestArrived(2, "a"), Grant(2, "a"))
    play.on(RequestArrived(3, "b"), Grant(3, "b")).on(RequestArrived(4, "b"), Grant(4, "b"))
    play.on(RequestArrived(5, "c"))
    assert play.states() == "a draining, b ready"
    play.on(RequestEnded(1)).on(RequestArrived(6, "a")).on(RequestArrived(7, "b"), Grant(7, "b"))
    play.on(RequestEnded(3)).on(RequestEnded(4)).on(RequestArrived(8, "b"), Grant(8, "b"))
    play.on(RequestEnded(2), Stop("a", 1, "evicted for `c`"))


def test_trap_18_who_is_overdue_is_not_overtaken_by_requests_for_what_he_waits_for_to_go() -> None:
    policy = replace(make_policy({"a": 1, "b": 1}, max_wait_s=60.0), min_residency_s=1e9)
    play = Playbook(policy).up("a").on(RequestArrived(1, "a"), Grant(1, "a")).on(RequestArrived(2, "b"), WakeAt(60.0))
    play.at(59.0).on(RequestArrived(3, "a"), Grant(3, "a"))
    play.at(60.0).on(TimerFired()).on(RequestArrived(4, "a"), WakeAt(120.0))
    play.on(RequestEnded(1)).on(RequestEnded(3), Stop("a", 1, "evicted for `b`")).swap("a", "b", granted=(2,))


def test_trap_19_two_waiters_do_not_count_on_the_same_victim() -> None:
    play = Playbook(make_policy({"a": 1, "b": 1, "c": 1, "d": 1}, 2)).up("a", "b")
    play.on(RequestArrived(1, "c"), Stop("a", 1, "evicted for `c`"))
    play.on(RequestArrived(2, "d"), Stop("b", 2, "evicted for `d`"))
    play.on(InstanceStopped("a", 1)).on(InstanceStopped("b", 2), Start("c", 3))
    play.on(InstanceReady("c", 3), Grant(1, "c"), Start("d", 4)).on(InstanceReady("d", 4), Grant(2, "d"))


def test_trap_20_what_can_never_fit_is_refused_and_evicts_nothing() -> None:
    play = Playbook(make_policy({"a": 1, "huge": 2 << 30}, 1 << 30)).up("a")
    message = "cannot load `huge`: it needs 2.0 GiB of `gpu`, 1.0 GiB more than its budget"
    play.on(RequestArrived(1, "huge"), Refuse(1, "huge", RefusalKind.CANNOT_FIT, message))
    assert play.states() == "a ready"


def test_trap_21_what_was_evicted_for_a_load_that_failed_comes_back() -> None:
    play = Playbook(ONE_FITS).up("a").on(RequestArrived(1, "b"), Stop("a", 1, "evicted for `b`"))
    play.on(InstanceStopped("a", 1), Start("b", 2))
    refusal, start = play.residency.handle(InstanceFailed("b", 2, BROKEN), 0.0)
    assert isinstance(refusal, Refuse)
    assert (refusal.request, refusal.kind, refusal.failure) == (1, RefusalKind.LOAD_FAILED, BROKEN)
    assert "`a`" in refusal.message
    assert start == Start("a", 3)


def test_trap_21_it_does_not_come_back_while_somebody_waits_for_the_room() -> None:
    play = Playbook(ONE_FITS).up("a").on(RequestArrived(1, "b"), Stop("a", 1, "evicted for `b`"))
    play.on(InstanceStopped("a", 1), Start("b", 2)).on(RequestArrived(2, "c"))
    assert play.residency.handle(InstanceFailed("b", 2, BROKEN), 0.0)[1:] == [Start("c", 3)]


def test_trap_21_a_failed_load_gives_back_what_it_evicted_and_says_so() -> None:
    play = Playbook(ONE_FITS).up("a").on(RequestArrived(1, "b"), Stop("a", 1, "evicted for `b`"))
    message = "cannot load `b`: out of memory; `a`, stopped to make room for it, will be started again"
    play.on(InstanceStopped("a", 1), Start("b", 2))
    play.on(InstanceFailed("b", 2, BROKEN), Refuse(1, "b", RefusalKind.LOAD_FAILED, message, BROKEN), Start("a", 3))


@pytest.mark.parametrize("stale", [InstanceFailed("a", 1, BROKEN), InstanceReady("a", 1), InstanceStopped("a", 1)])
def test_trap_22_the_end_of_an_old_attempt_does_not_complete_a_new_one(
    stale: InstanceFailed | InstanceReady | InstanceStopped,
) -> None:
    play = Playbook(ONE_FITS).on(RequestArrived(1, "a"), Start("a", 1))
    refused = Refuse(1, "a", RefusalKind.UNLOADED, "`a` was unloaded while it was loading")
    play.on(UnloadAsked("a"), refused, Stop("a", 1, "unload was asked for"))
    play.on(RequestArrived(2, "a")).on(InstanceStopped("a", 1), Start("a", 2)).on(stale)
    play.on(InstanceReady("a", 2), Grant(2, "a"))


def test_trap_23_a_ttl_does_not_race_a_new_request() -> None:
    play = Playbook(make_policy({"a": 1}, ttl_s={"a": 60.0})).up("a")
    play.at(60.0).on(RequestArrived(1, "a"), Grant(1, "a")).on(TimerFired())
    assert play.status("a").state is State.READY
    play.on(RequestEnded(1), WakeAt(120.0))


def test_trap_25_a_small_model_that_is_always_used_outlives_a_large_one_that_never_is() -> None:
    play = Playbook(make_policy({"embedder": 1, "chat": 9, "other": 1}, 10))
    for attempt, model in enumerate(["chat", "embedder"], start=1):
        play.on(RequestArrived(attempt, model), Start(model, attempt)).at(5.0 * attempt)
        play.on(InstanceReady(model, attempt), Grant(attempt, model)).on(RequestEnded(attempt))
    for request in range(10, 13):
        play.on(RequestArrived(request, "embedder"), Grant(request, "embedder")).on(RequestEnded(request))
    play.on(RequestArrived(20, "chat"), Grant(20, "chat")).on(RequestEnded(20))
    play.on(RequestArrived(21, "other"), Stop("chat", 1, "evicted for `other`"))


def test_trap_24_unloading_holds_up_nobody_else() -> None:
    play = Playbook(make_policy({"a": 1, "b": 1}, 2)).up("a", "b").on(RequestArrived(1, "a"), Grant(1, "a"))
    play.on(UnloadAsked("a")).on(RequestArrived(2, "b"), Grant(2, "b"))


def test_trap_25_a_small_model_is_not_evicted_when_only_a_large_one_makes_room() -> None:
    play = Playbook(make_policy({"embedder": 1, "chat": 13, "other": 13}, 14)).up("embedder", "chat")
    play.on(RequestArrived(1, "other"), Stop("chat", 2, "evicted for `other`"))


def test_trap_25_a_busy_model_is_never_evicted_however_long_it_takes() -> None:
    play = Playbook(ONE_FITS).up("a").on(RequestArrived(1, "a"), Grant(1, "a")).on(RequestArrived(2, "b"))
    play.at(1e9).on(TimerFired())
    assert play.status("a").state is State.DRAINING


def test_trap_26_a_full_device_is_no_reason_to_evict() -> None:
    play = Playbook(make_policy({"a": 1, "b": 1}, 2)).up("a", "b")
    play.at(1e9).on(TimerFired())
    assert play.states() == "a ready, b ready"


def test_trap_27_starts_on_a_device_come_one_after_the_other() -> None:
    play = Playbook(make_policy({"a": 1, "b": 1, "c": 1}, 9))
    play.on(RequestArrived(1, "a"), Start("a", 1)).on(RequestArrived(2, "b")).on(RequestArrived(3, "c"))
    play.on(InstanceReady("a", 1), Grant(1, "a"), Start("b", 2))
    play.on(InstanceReady("b", 2), Grant(2, "b"), Start("c", 3))


def test_trap_28_somebody_later_does_not_overtake_in_the_same_turn() -> None:
    play = Playbook(make_policy({"a": 2, "wide": 3, "slim": 1}, 3)).up("a").on(RequestArrived(1, "a"), Grant(1, "a"))
    play.on(RequestArrived(2, "wide")).on(RequestArrived(3, "slim"))
    play.on(InstanceFailed("a", 1, BROKEN), Start("wide", 2))


def test_trap_28_priority_reserves_the_room_and_kills_nothing() -> None:
    play = Playbook(make_policy({"a": 1, "b": 1, "c": 1}, 1)).up("a").on(RequestArrived(1, "a"), Grant(1, "a"))
    play.on(RequestArrived(2, "b")).on(RequestArrived(3, "c", 5))
    assert play.status("a").in_flight == 1
    play.on(RequestEnded(1), Stop("a", 1, "evicted for `c`")).swap("a", "c", granted=(3,))


def test_trap_30_any_number_may_wait_for_a_load() -> None:
    play = Playbook(ONE_FITS).on(RequestArrived(0, "a"), Start("a", 1))
    for request in range(1, 500):
        play.on(RequestArrived(request, "a"))
    play.on(InstanceReady("a", 1), *(Grant(request, "a") for request in range(500)))
