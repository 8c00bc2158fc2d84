"""Who is spared, whose turn it is, and how long anybody can be made to wait."""

from __future__ import annotations

from dataclasses import replace

from remuda.residency.commands import Grant, RefusalKind, Refuse, Start, Stop, WakeAt
from remuda.residency.events import (
    InstanceReady,
    InstanceStopped,
    LeaseAsked,
    LeaseEnded,
    PreloadAsked,
    RequestArrived,
    RequestEnded,
    TimerFired,
    UnloadAsked,
)
from remuda.residency.policy import Policy, Resident
from remuda.residency.status import Obstacle, WaitingFor
from tests.residency.playbook import Playbook, make_policy

ONE_FITS = make_policy({"a": 1, "b": 1, "c": 1}, max_wait_s=100.0)


def with_(policy: Policy, model: str, **changes: object) -> Policy:
    """The policy with another resident."""
    resident = replace(policy.residents[model], **changes)  # type: ignore[arg-type]
    return replace(policy, residents={**policy.residents, model: resident})


# Fresh instances


def test_a_fresh_instance_stays_for_a_while() -> None:
    play = Playbook(replace(ONE_FITS, min_residency_s=30.0)).up("a")
    play.at(10.0).on(RequestArrived(1, "b"), WakeAt(30.0))
    assert play.status("b").waiting_for == WaitingFor(Obstacle.RESIDENCY, ("a",))
    play.on(RequestArrived(2, "a"), Grant(2, "a")).on(RequestEnded(2))
    play.at(30.0).on(TimerFired(), Stop("a", 1, "evicted for `b`"))


def test_nobody_waits_for_a_fresh_instance_longer_than_for_anything() -> None:
    play = Playbook(replace(ONE_FITS, min_residency_s=1_000.0)).up("a").at(10.0)
    play.on(RequestArrived(1, "b"), WakeAt(110.0)).at(110.0).on(TimerFired(), Stop("a", 1, "evicted for `b`"))


def test_an_instance_is_fresh_only_to_those_who_need_its_room() -> None:
    play = Playbook(replace(make_policy({"a": 1, "b": 1}, 2), min_residency_s=30.0)).up("a")
    play.on(RequestArrived(1, "b"), Start("b", 2))


# Instances that are asked for all the time


def hot(play: Playbook, *, uses: int) -> Playbook:
    """`a` is up and in use, and was used so often of late; a swap would take its users 20 s."""
    for request in range(100, 100 + uses):
        play.on(RequestArrived(request, "a"), Grant(request, "a"))
    for request in range(101, 100 + uses):
        play.on(RequestEnded(request))
    return play


SLOW = with_(with_(ONE_FITS, "a", load_s=10.0), "b", load_s=10.0)


def up_in(play: Playbook, model: str, seconds: float) -> Playbook:
    play.on(RequestArrived(1, model), Start(model, 1)).at(seconds)
    return play.on(InstanceReady(model, 1), Grant(1, model)).on(RequestEnded(1))


def test_who_needs_the_room_of_an_instance_in_demand_gathers_first() -> None:
    play = hot(up_in(Playbook(SLOW), "a", 10.0), uses=10)
    (wake,) = play.residency.handle(RequestArrived(2, "b"), 10.0)
    assert isinstance(wake, WakeAt)
    assert 20.0 < wake.at < 60.0
    assert play.status("b").waiting_for == WaitingFor(Obstacle.RESIDENCY, ("a",))
    play.on(RequestArrived(3, "a"), Grant(3, "a"))
    play.at(wake.at + 5).on(TimerFired())
    assert play.states() == "a draining"


def test_the_more_gather_the_sooner_it_makes_way() -> None:
    waits = []
    for gathered in (1, 4):
        play = hot(up_in(Playbook(SLOW), "a", 10.0), uses=10)
        wakes = [play.residency.handle(RequestArrived(200 + n, "b"), 10.0) for n in range(gathered)]
        waits.append(min(wake.at for commands in wakes for wake in commands if isinstance(wake, WakeAt)) - 10.0)
    assert waits[1] == waits[0] / 4


def test_an_instance_that_is_idle_makes_way_at_once_however_often_it_was_used() -> None:
    play = hot(up_in(Playbook(SLOW), "a", 10.0), uses=10).on(RequestEnded(100))
    play.on(RequestArrived(2, "b"), Stop("a", 1, "evicted for `b`"))


def agent(play: Playbook, *, pause_s: float) -> Playbook:
    """Somebody uses `a` again and again from 10.0 on, with pauses; it became idle just now."""
    up_in(play, "a", 10.0)
    for number in range(1, 6):
        play.at(10.0 + pause_s * number).on(RequestArrived(50 + number, "a"), Grant(50 + number, "a"))
        play.on(RequestEnded(50 + number))
    return play


def test_a_pause_of_its_users_does_not_make_an_instance_idle() -> None:
    play = agent(Playbook(SLOW), pause_s=1.0)
    play.at(16.0).on(RequestArrived(2, "b"), WakeAt(17.0))
    assert play.status("b").waiting_for == WaitingFor(Obstacle.RESIDENCY, ("a",))
    play.on(RequestArrived(60, "a"), Grant(60, "a")).at(16.5).on(RequestEnded(60))
    play.at(17.0).on(TimerFired(), WakeAt(18.5)).at(18.5).on(TimerFired(), Stop("a", 1, "evicted for `b`"))


def test_pauses_that_are_long_beside_a_swap_do() -> None:
    agent(Playbook(SLOW), pause_s=1.1).on(RequestArrived(2, "b"), Stop("a", 1, "evicted for `b`"))


def test_nobody_gathers_longer_than_anybody_has_to_wait() -> None:
    play = hot(up_in(Playbook(SLOW), "a", 90.0), uses=50)
    play.on(RequestArrived(2, "b"), WakeAt(190.0))
    play.at(190.0).on(TimerFired())
    assert play.states() == "a draining"


def test_a_more_urgent_request_does_not_gather() -> None:
    play = hot(up_in(Playbook(SLOW), "a", 10.0), uses=10)
    play.on(RequestArrived(2, "b", 1))
    assert play.states() == "a draining"


# Priorities


def test_an_instance_in_use_for_something_more_urgent_does_not_make_way_before_long() -> None:
    play = Playbook(ONE_FITS).up("a").on(RequestArrived(1, "a", 5), Grant(1, "a"))
    play.on(RequestArrived(2, "b", 4), WakeAt(100.0))
    assert play.status("b").waiting_for == WaitingFor(Obstacle.RESIDENCY, ("a",))
    play.on(RequestArrived(3, "a"), Grant(3, "a"))
    play.at(100.0).on(TimerFired())
    assert play.states() == "a draining"


def test_it_makes_way_once_it_is_idle() -> None:
    play = (
        Playbook(ONE_FITS).up("a").on(RequestArrived(1, "a", 5), Grant(1, "a")).on(RequestArrived(2, "b"), WakeAt(100))
    )
    play.on(RequestEnded(1), Stop("a", 1, "evicted for `b`"))


def test_the_priority_of_a_model_is_added_to_that_of_its_requests() -> None:
    play = Playbook(with_(ONE_FITS, "c", priority=2)).up("a").on(RequestArrived(1, "a"), Grant(1, "a"))
    play.on(RequestArrived(2, "b", 1)).on(RequestArrived(3, "c"), WakeAt(100.0))
    play.on(RequestEnded(1), Stop("a", 1, "evicted for `c`"))


# Whose turn it is


def test_after_the_longest_wait_nothing_that_came_later_is_served_before() -> None:
    play = Playbook(ONE_FITS).up("a").on(RequestArrived(1, "a"), Grant(1, "a"))
    play.on(RequestArrived(2, "b")).at(50.0).on(RequestArrived(3, "c", 9), WakeAt(100.0))
    play.at(100.0).on(TimerFired(), WakeAt(150.0)).on(RequestEnded(1), Stop("a", 1, "evicted for `b`"))


def test_what_is_in_the_way_of_somebody_overdue_serves_nobody_new_even_while_it_is_not_his_turn() -> None:
    play = Playbook(make_policy({"a": 1, "b": 1, "c": 2, "d": 2}, 2, max_wait_s=100.0)).up("a", "b")
    play.on(RequestArrived(1, "a"), Grant(1, "a")).on(RequestArrived(2, "b"), Grant(2, "b"))
    play.on(RequestArrived(3, "c")).on(RequestArrived(4, "d"), WakeAt(100.0))
    play.at(100.0).on(TimerFired())
    assert play.states() == "a draining, b draining"
    play.on(RequestArrived(5, "b"), WakeAt(200.0))


# Leases, and what may not be evicted


def test_a_leased_model_is_not_evicted_until_the_lease_ends() -> None:
    play = Playbook(ONE_FITS).up("a").on(LeaseAsked("mine", "a", 60.0), WakeAt(60.0))
    assert play.status("a").leased_until == 60.0
    play.on(RequestArrived(1, "b"))
    assert play.status("b").waiting_for == WaitingFor(Obstacle.LEASE, ("a",))
    play.at(60.0).on(TimerFired(), Stop("a", 1, "evicted for `b`"))
    assert play.status("a").leased_until is None


def test_a_lease_is_given_back_or_moved() -> None:
    play = Playbook(make_policy({"a": 1, "b": 1, "c": 1}, 2, max_wait_s=100.0)).up("a", "b")
    play.on(LeaseAsked("mine", "a", 60.0), WakeAt(60.0)).on(LeaseAsked("mine", "b", 90.0))
    play.on(RequestArrived(1, "c"), Stop("a", 1, "evicted for `c`"))
    assert {name: lease.until for name, lease in play.residency.leases().items()} == {"mine": 90.0}
    play.on(LeaseEnded("mine")).on(LeaseEnded("mine"))
    assert play.residency.leases() == {}


def test_whoever_would_wait_too_long_for_a_lease_is_refused_and_told_when_it_ends() -> None:
    play = Playbook(ONE_FITS).up("a").on(LeaseAsked("mine", "a", 500.0), WakeAt(500.0)).at(10.0)
    message = "cannot load `b`: `a` is in its way and may not be evicted"
    play.on(RequestArrived(1, "b"), Refuse(1, "b", RefusalKind.HELD, message, retry_after_s=490.0))


def test_who_waits_is_refused_when_the_lease_is_prolonged() -> None:
    play = Playbook(ONE_FITS).up("a").on(LeaseAsked("mine", "a", 50.0), WakeAt(50.0)).on(RequestArrived(1, "b"))
    message = "cannot load `b`: `a` is in its way and may not be evicted"
    play.on(LeaseAsked("mine", "a"), Refuse(1, "b", RefusalKind.HELD, message))


def test_a_lease_outlasts_a_ttl_but_not_an_unload() -> None:
    play = Playbook(make_policy({"a": 1}, ttl_s={"a": 5.0})).on(LeaseAsked("mine", "a", 60.0), WakeAt(60.0)).up("a")
    play.at(30.0).on(TimerFired(), WakeAt(60.0)).at(60.0).on(TimerFired(), Stop("a", 1, "idle for 5 s"))
    play.on(InstanceStopped("a", 1)).on(LeaseAsked("mine", "a")).up("a")
    play.on(UnloadAsked("a"), Stop("a", 2, "unload was asked for"))


def test_what_is_not_swappable_is_not_evicted_and_whoever_needs_its_room_is_refused() -> None:
    play = Playbook(with_(ONE_FITS, "a", swappable=False)).up("a")
    message = "cannot load `b`: `a` is in its way and may not be evicted"
    play.on(RequestArrived(1, "b"), Refuse(1, "b", RefusalKind.HELD, message))


def test_who_waits_is_refused_when_something_comes_up_that_may_not_be_evicted() -> None:
    play = Playbook(with_(ONE_FITS, "a", swappable=False)).on(RequestArrived(1, "a"), Start("a", 1))
    message = "cannot load `b`: `a` is in its way and may not be evicted"
    play.on(RequestArrived(2, "b"), Refuse(2, "b", RefusalKind.HELD, message))


# Without requests


def test_what_is_preloaded_comes_one_after_the_other_as_far_as_there_is_room() -> None:
    residents = {model: Resident(model, {"gpu": 1}, preload=True) for model in "cab"}
    play = Playbook(Policy(residents, {"gpu": 2})).on(PreloadAsked(), Start("a", 1))
    play.on(InstanceReady("a", 1), Start("b", 2)).on(InstanceReady("b", 2))
    assert play.states() == "a ready, b ready"


def test_what_is_always_on_makes_others_go_and_comes_back_until_it_is_unloaded() -> None:
    play = Playbook(with_(ONE_FITS, "a", always_on=True)).up("b")
    play.on(PreloadAsked(), Stop("b", 1, "evicted for `a`")).on(InstanceStopped("b", 1), Start("a", 2))
    play.on(InstanceReady("a", 2)).on(UnloadAsked("a"), Stop("a", 2, "unload was asked for"))
    play.on(InstanceStopped("a", 2)).on(RequestArrived(1, "b"), Start("b", 3))


def test_what_is_always_on_has_no_ttl() -> None:
    policy = with_(make_policy({"a": 1}, ttl_s={"a": 5.0}), "a", always_on=True)
    play = Playbook(policy).on(PreloadAsked(), Start("a", 1)).on(InstanceReady("a", 1)).at(1e6).on(TimerFired())
    assert play.states() == "a ready"
