"""How instances, clients and the daemon come to their ends, one conversation a rule."""

from __future__ import annotations

import pytest

from remuda.errors import InternalError
from remuda.residency.commands import Grant, RefusalKind, Refuse, Start, Stop, WakeAt
from remuda.residency.events import (
    Event,
    InstanceAdopted,
    InstanceFailed,
    InstanceReady,
    InstanceStopped,
    RequestAbandoned,
    RequestArrived,
    RequestEnded,
    ShutdownAsked,
    TimerFired,
    TtlAsked,
    UnloadAsked,
)
from remuda.residency.states import State
from remuda.residency.status import ModelStatus, Obstacle, WaitingFor
from tests.residency.playbook import BROKEN, Playbook, load_failed, make_policy

TWO_OF_WHICH_ONE_FITS = make_policy({"a": 1, "b": 1}, 1)
THREE_OF_WHICH_TWO_FIT = make_policy({"a": 1, "b": 1, "c": 1}, 2)


# Failure


def test_a_failed_load_refuses_all_who_wait_and_the_next_request_tries_again() -> None:
    play = Playbook(TWO_OF_WHICH_ONE_FITS).on(RequestArrived(1, "a"), Start("a", 1)).on(RequestArrived(2, "a"))
    play.on(InstanceFailed("a", 1, BROKEN), load_failed(1, "a"), load_failed(2, "a"))
    assert play.status("a").last_failure == BROKEN
    play.on(RequestArrived(3, "a"), Start("a", 2)).on(InstanceReady("a", 2), Grant(3, "a"))
    assert play.status("a").last_failure is None


def test_a_failed_load_makes_room_for_the_next_in_line() -> None:
    play = Playbook(TWO_OF_WHICH_ONE_FITS).on(RequestArrived(1, "a"), Start("a", 1)).on(RequestArrived(2, "b"))
    play.on(InstanceFailed("a", 1, BROKEN), load_failed(1, "a"), Start("b", 2))


def test_after_a_crash_the_next_request_starts_it_again_and_old_requests_count_no_more() -> None:
    play = Playbook(TWO_OF_WHICH_ONE_FITS).up("a").on(RequestArrived(1, "a"), Grant(1, "a"))
    play.on(InstanceFailed("a", 1, BROKEN))
    assert play.status("a").in_flight == 0
    play.on(RequestArrived(2, "a"), Start("a", 2)).on(InstanceReady("a", 2), Grant(2, "a"))
    play.on(RequestEnded(1))
    assert play.status("a").in_flight == 1


def test_a_crash_while_draining_serves_those_who_wait() -> None:
    play = Playbook(THREE_OF_WHICH_TWO_FIT).up("a").on(RequestArrived(1, "a"), Grant(1, "a")).on(UnloadAsked("a"))
    play.on(RequestArrived(2, "a"))
    play.on(InstanceFailed("a", 1, BROKEN), Start("a", 2))


def test_an_instance_that_ends_by_itself_while_it_is_stopped_has_not_failed() -> None:
    play = Playbook(TWO_OF_WHICH_ONE_FITS).up("a").on(UnloadAsked("a"), Stop("a", 1, "unload was asked for"))
    play.on(InstanceFailed("a", 1, BROKEN)).on(InstanceStopped("a", 1))
    assert play.status("a").last_failure is None
    assert play.residency.is_stopped


# Leaving clients


def test_a_load_outlives_the_client_that_asked() -> None:
    play = Playbook(TWO_OF_WHICH_ONE_FITS).on(RequestArrived(1, "a"), Start("a", 1)).on(RequestAbandoned(1))
    play.on(InstanceReady("a", 1))
    play.on(RequestArrived(2, "a"), Grant(2, "a"))


def test_a_load_for_nobody_is_not_started() -> None:
    play = Playbook(TWO_OF_WHICH_ONE_FITS).on(RequestArrived(1, "a"), Start("a", 1)).on(RequestArrived(2, "b"))
    play.on(RequestAbandoned(2)).on(InstanceReady("a", 1), Grant(1, "a")).on(RequestEnded(1))
    assert play.states() == "a ready"


def test_a_client_that_leaves_as_it_is_granted_has_ended() -> None:
    play = Playbook(TWO_OF_WHICH_ONE_FITS).on(RequestArrived(1, "a"), Start("a", 1))
    play.on(InstanceReady("a", 1), Grant(1, "a")).on(RequestAbandoned(1))
    assert play.status("a").in_flight == 0
    play.on(RequestEnded(1))
    assert play.status("a").in_flight == 0


@pytest.mark.parametrize("event", [RequestEnded(9), RequestAbandoned(9)])
def test_unknown_requests_are_ignored(event: Event) -> None:
    Playbook(TWO_OF_WHICH_ONE_FITS).up("a").on(event)


# Idle time


def test_an_idle_model_is_stopped_after_its_ttl() -> None:
    play = Playbook(make_policy({"a": 1}, ttl_s={"a": 60.0})).on(RequestArrived(1, "a"), Start("a", 1))
    play.at(10.0).on(InstanceReady("a", 1), Grant(1, "a"))
    play.at(30.0).on(RequestEnded(1), WakeAt(90.0))
    assert play.status("a").expires_at == 90.0
    play.at(90.0).on(TimerFired(), Stop("a", 1, "idle for 60 s"))
    play.on(RequestArrived(2, "a")).on(InstanceStopped("a", 1), Start("a", 2))


def test_the_ttl_of_a_load_for_nobody_begins_when_it_is_ready() -> None:
    play = Playbook(make_policy({"a": 1}, ttl_s={"a": 60.0})).on(RequestArrived(1, "a"), Start("a", 1))
    play.on(RequestAbandoned(1)).at(5.0).on(InstanceReady("a", 1), WakeAt(65.0))
    play.at(65.0).on(TimerFired(), Stop("a", 1, "idle for 60 s"))


def test_a_timer_that_has_become_stale_is_set_again_and_harms_nobody() -> None:
    play = Playbook(make_policy({"a": 1}, ttl_s={"a": 60.0})).on(RequestArrived(1, "a"), Start("a", 1))
    play.on(InstanceReady("a", 1), Grant(1, "a")).on(RequestEnded(1), WakeAt(60.0))
    play.at(50.0).on(RequestArrived(2, "a"), Grant(2, "a"))
    play.at(55.0).on(RequestEnded(2))
    play.at(60.0).on(TimerFired(), WakeAt(115.0))
    play.at(115.0).on(RequestArrived(3, "a"), Grant(3, "a")).on(TimerFired())


def test_only_an_earlier_ttl_moves_the_timer() -> None:
    ttl_s = {"a": 60.0, "b": 600.0, "c": 5.0}
    play = Playbook(make_policy({"a": {}, "b": {}, "c": {}}, ttl_s=ttl_s))
    for attempt, model in enumerate("abc", start=1):
        play.on(RequestArrived(attempt, model), Start(model, attempt))
        play.on(InstanceReady(model, attempt), Grant(attempt, model))
    play.on(RequestEnded(1), WakeAt(60.0)).on(RequestEnded(2)).on(RequestEnded(3), WakeAt(5.0))


def test_a_ttl_of_zero_stops_as_soon_as_the_model_is_idle() -> None:
    play = Playbook(make_policy({"a": 1}, ttl_s={"a": 0.0})).on(RequestArrived(1, "a"), Start("a", 1))
    play.on(InstanceReady("a", 1), Grant(1, "a")).on(RequestArrived(2, "a"), Grant(2, "a"))
    play.on(RequestEnded(1)).on(RequestEnded(2), Stop("a", 1, "idle for 0 s"))


def test_a_ttl_does_not_end_an_instance_where_something_starts() -> None:
    play = Playbook(make_policy({"a": 1, "b": 1}, 2, ttl_s={"a": 60.0})).up("a")
    play.on(RequestArrived(1, "b"), Start("b", 2))
    play.at(60.0).on(TimerFired())
    play.at(61.0).on(InstanceReady("b", 2), Grant(1, "b"), Stop("a", 1, "idle for 60 s"))


def test_an_expired_instance_that_was_held_for_a_swap_goes_when_the_swap_is_called_off() -> None:
    play = Playbook(make_policy({"a": 1, "b": 1, "c": 2}, 2, ttl_s={"a": 60.0})).up("a", "b")
    play.on(RequestArrived(1, "b"), Grant(1, "b")).on(RequestArrived(2, "c"))
    play.at(60.0).on(TimerFired())
    play.at(70.0).on(RequestAbandoned(2), WakeAt(60.0))
    play.on(TimerFired(), Stop("a", 1, "idle for 60 s"))


# Unloading


def test_unloading_waits_for_requests_and_later_ones_load_it_again() -> None:
    play = Playbook(TWO_OF_WHICH_ONE_FITS).up("a").on(RequestArrived(1, "a"), Grant(1, "a"))
    play.on(UnloadAsked("a")).on(RequestArrived(2, "a"))
    play.on(RequestEnded(1), Stop("a", 1, "unload was asked for"))
    play.on(InstanceStopped("a", 1), Start("a", 2))


def test_unloading_by_force_does_not_wait() -> None:
    play = Playbook(TWO_OF_WHICH_ONE_FITS).up("a").on(RequestArrived(1, "a"), Grant(1, "a"))
    play.on(UnloadAsked("a", kill=True), Stop("a", 1, "unload was asked for", kill=True))
    play.on(RequestEnded(1)).on(InstanceStopped("a", 1))
    assert play.status("a").in_flight == 0


def test_unloading_a_load_refuses_those_who_wait_for_it() -> None:
    play = Playbook(TWO_OF_WHICH_ONE_FITS).on(RequestArrived(1, "a"), Start("a", 1))
    refused = Refuse(1, "a", RefusalKind.UNLOADED, "`a` was unloaded while it was loading")
    play.on(UnloadAsked("a"), refused, Stop("a", 1, "unload was asked for"))
    play.on(InstanceReady("a", 1)).on(InstanceStopped("a", 1))
    assert play.residency.is_stopped


def test_unloading_what_is_stopped_does_nothing() -> None:
    Playbook(TWO_OF_WHICH_ONE_FITS).on(UnloadAsked("a")).on(UnloadAsked("a", kill=True))


def test_a_stop_can_be_turned_into_a_kill_once() -> None:
    play = Playbook(TWO_OF_WHICH_ONE_FITS).up("a").on(UnloadAsked("a"), Stop("a", 1, "unload was asked for"))
    play.on(UnloadAsked("a"))
    play.on(UnloadAsked("a", kill=True), Stop("a", 1, "unload was asked for", kill=True))
    play.on(UnloadAsked("a", kill=True))


def test_an_unload_is_not_called_off_by_anybody_who_leaves() -> None:
    play = Playbook(TWO_OF_WHICH_ONE_FITS).up("a").on(RequestArrived(1, "a"), Grant(1, "a"))
    play.on(RequestArrived(2, "b")).on(UnloadAsked("a")).on(RequestAbandoned(2))
    play.on(RequestEnded(1), Stop("a", 1, "unload was asked for"))


# Shutting down


def shutting_down(request: int, model: str) -> Refuse:
    return Refuse(request, model, RefusalKind.SHUTTING_DOWN, "remuda is shutting down")


def test_shutting_down_refuses_what_waits_finishes_what_runs_and_stops_everything() -> None:
    play = Playbook(make_policy({"a": 1, "b": 1, "c": 1, "d": 4}, 4)).up("a", "b")
    play.on(RequestArrived(1, "a"), Grant(1, "a")).on(RequestArrived(2, "c"), Start("c", 3))
    play.on(RequestArrived(3, "d"))
    play.on(
        ShutdownAsked(),
        shutting_down(2, "c"),
        shutting_down(3, "d"),
        Stop("b", 2, "remuda is shutting down"),
        Stop("c", 3, "remuda is shutting down"),
    )
    play.on(RequestArrived(4, "a"), shutting_down(4, "a"))
    play.on(InstanceStopped("b", 2)).on(InstanceStopped("c", 3))
    play.on(RequestEnded(1), Stop("a", 1, "remuda is shutting down"))
    assert not play.residency.is_stopped
    play.on(InstanceStopped("a", 1))
    assert play.residency.is_stopped


def test_shutting_down_by_force_stops_everything_now() -> None:
    play = Playbook(THREE_OF_WHICH_TWO_FIT).up("a", "b").on(RequestArrived(1, "a"), Grant(1, "a"))
    play.on(ShutdownAsked(), Stop("b", 2, "remuda is shutting down"))
    play.on(
        ShutdownAsked(kill=True),
        Stop("a", 1, "remuda is shutting down", kill=True),
        Stop("b", 2, "remuda is shutting down", kill=True),
    )


def test_what_is_adopted_while_shutting_down_is_stopped() -> None:
    play = Playbook(TWO_OF_WHICH_ONE_FITS).on(ShutdownAsked())
    play.on(InstanceAdopted("a", 4), Stop("a", 4, "remuda is shutting down"))


# Attempts and adoption


@pytest.mark.parametrize("event", [InstanceReady("a", 1), InstanceFailed("a", 1, BROKEN), InstanceStopped("a", 1)])
def test_an_old_attempt_changes_nothing(event: Event) -> None:
    play = Playbook(TWO_OF_WHICH_ONE_FITS).up("a").on(UnloadAsked("a"), Stop("a", 1, "unload was asked for"))
    play.on(InstanceStopped("a", 1)).on(event)
    play.on(RequestArrived(1, "a"), Start("a", 2)).on(event)
    assert play.states() == "a starting"


def test_attempts_are_counted_over_all_models_and_above_those_adopted() -> None:
    play = Playbook(make_policy({"a": 1, "b": 1, "c": 1}, 9)).on(InstanceAdopted("a", 7)).on(InstanceAdopted("b", 3))
    play.on(RequestArrived(1, "c"), Start("c", 8)).on(InstanceFailed("c", 8, BROKEN), load_failed(1, "c"))
    play.on(RequestArrived(2, "c"), Start("c", 9))


def test_an_adopted_instance_serves_and_its_ttl_runs() -> None:
    play = Playbook(make_policy({"a": 1}, ttl_s={"a": 60.0})).on(InstanceAdopted("a", 7), WakeAt(60.0))
    play.on(RequestArrived(1, "a"), Grant(1, "a"))


def test_an_adopted_instance_that_is_too_large_serves_but_is_not_loaded_again() -> None:
    play = Playbook(make_policy({"a": 5, "b": 1}, 1)).on(InstanceAdopted("a", 1))
    play.on(RequestArrived(1, "a"), Grant(1, "a")).on(RequestArrived(2, "b"))
    message = "cannot load `a`: it needs 5 B of `gpu`, 4 B more than its budget"
    play.on(RequestArrived(3, "a"), Refuse(3, "a", RefusalKind.CANNOT_FIT, message))
    play.on(RequestEnded(1), Stop("a", 1, "evicted for `b`")).swap("a", "b", granted=(2,))


def test_only_a_stopped_model_can_adopt() -> None:
    play = Playbook(TWO_OF_WHICH_ONE_FITS).up("a")
    with pytest.raises(InternalError, match="cannot adopt an instance of `a`: there is one that is ready"):
        play.on(InstanceAdopted("a", 7))


# What is told


def test_the_snapshot_tells_everything_that_ps_shows() -> None:
    play = (
        Playbook(make_policy({"b": 1, "a": 1}, 1, ttl_s={"b": 60.0})).at(3.0).on(InstanceAdopted("b", 1), WakeAt(63.0))
    )
    play.on(RequestArrived(1, "b"), Grant(1, "b")).at(4.0).on(RequestArrived(2, "a"))
    assert play.residency.snapshot() == (
        ModelStatus("b", State.DRAINING, 4.0, 1, 1, 0, None, None, None),
        ModelStatus("a", State.STOPPED, None, 0, 0, 1, WaitingFor(Obstacle.REQUESTS, ("b",)), None, None),
    )


# What clients ask for


def test_a_ttl_that_a_client_asks_for_holds_until_the_instance_is_stopped() -> None:
    play = Playbook(make_policy({"a": 1}, 1)).up("a").at(10.0)
    play.on(TtlAsked("a", 5.0), Stop("a", 1, "idle for 5 s"))
    play.on(InstanceStopped("a", 1)).up("a").on(TimerFired())
    assert play.status("a").expires_at is None


def test_a_ttl_of_nothing_waits_for_the_requests() -> None:
    play = Playbook(make_policy({"a": 1}, 1)).up("a").on(RequestArrived(1, "a"), Grant(1, "a"))
    play.on(TtlAsked("a", 0.0)).on(RequestEnded(1), Stop("a", 1, "idle for 0 s"))


def test_a_longer_ttl_takes_the_place_of_the_models_own() -> None:
    play = Playbook(make_policy({"a": 1}, 1, ttl_s={"a": 60.0})).up("a")
    play.on(TtlAsked("a", None)).at(100.0).on(TimerFired())
    assert play.states() == "a ready"


def test_nobody_keeps_what_is_not_there() -> None:
    play = Playbook(make_policy({"a": 1}, 1)).on(TtlAsked("a", 0.0)).up("a")
    assert play.status("a").expires_at is None


def test_the_model_with_the_higher_priority_is_served_first() -> None:
    play = Playbook(make_policy({"a": 1, "b": 1, "c": 1}, 1)).up("a").on(RequestArrived(1, "a"), Grant(1, "a"))
    play.on(RequestArrived(2, "b")).on(RequestArrived(3, "c", 1))
    play.on(RequestEnded(1), Stop("a", 1, "evicted for `c`"))


# The short way


def test_a_ready_model_is_taken_and_given_back_without_an_event() -> None:
    play = Playbook(THREE_OF_WHICH_TWO_FIT).up("a")
    assert play.residency.take(1, "a", 0.0)
    assert play.residency.take(2, "a", 0.0)
    assert play.status("a").in_flight == 2
    assert play.residency.give_back(1, 5.0)
    assert play.residency.give_back(2, 6.0)
    assert not play.residency.give_back(2, 6.0)
    assert play.status("a").in_flight == 0
    play.on(RequestEnded(1))


def test_what_is_not_ready_is_not_taken() -> None:
    play = Playbook(TWO_OF_WHICH_ONE_FITS)
    assert not play.residency.take(1, "a", 0.0)
    play.on(RequestArrived(1, "a"), Start("a", 1))
    assert not play.residency.take(2, "a", 0.0)


def test_the_last_request_takes_the_long_way_where_something_follows() -> None:
    play = Playbook(make_policy({"a": 1, "b": 1}, 1, ttl_s={"a": 60.0})).up("a")
    assert play.residency.take(1, "a", 0.0)
    assert not play.residency.give_back(1, 0.0)
    play.on(RequestEnded(1)).on(RequestArrived(2, "b"), Stop("a", 1, "evicted for `b`"))
    play.swap("a", "b", granted=(2,))
    assert play.residency.take(3, "b", 0.0)
    assert play.residency.give_back(2, 0.0)
    play.on(RequestArrived(4, "a"))
    assert not play.residency.give_back(3, 0.0)
    play.on(RequestEnded(3), Stop("b", 2, "evicted for `a`"))
