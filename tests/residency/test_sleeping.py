"""Conversations about instances that make room by sleeping."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import pytest

from remuda.residency.commands import Grant, RefusalKind, Refuse, Sleep, Start, Stop, Wake, WakeAt
from remuda.residency.events import (
    DeviceYielded,
    Event,
    InstanceAdopted,
    InstanceAsleep,
    InstanceFailed,
    InstanceReady,
    InstanceStopped,
    LeaseAsked,
    MemoryMeasured,
    PolicyChanged,
    RequestArrived,
    RequestEnded,
    ShutdownAsked,
    SleepFailed,
    TimerFired,
    UnloadAsked,
)
from remuda.residency.policy import Policy, Resident
from tests.residency.playbook import BROKEN, Playbook, load_failed

EVICTED = "evicted for `b`"
STOP_A = Stop("a", 1, EVICTED)
SLEEP_A = Sleep("a", 1, EVICTED)


def sleeper(model: str, keeps: Mapping[str, int] | None = None, size: int = 8) -> Resident:
    """A model of this size that keeps 1 of `gpu` and as much of `cpu` as it has, asleep."""
    kept = {"gpu": 1, "cpu": size} if keeps is None else keeps
    return Resident(model, {"gpu": size}, asleep_claims=kept, load_s=30.0, wake_s=1.0)


def policy(*residents: Resident, gpu: int = 10, cpu: int = 100) -> Policy:
    return Policy({resident.model: resident for resident in residents}, {"gpu": gpu, "cpu": cpu}, max_wait_s=math.inf)


def two(*, ttl_s: float | None = None, fingerprint: str = "") -> Policy:
    """`a` sleeps to make room, `b` cannot sleep; only one of them can be awake."""
    a = replace(sleeper("a"), ttl_s=ttl_s, fingerprint=fingerprint)
    return policy(a, Resident("b", {"gpu": 8}, load_s=1.0))


def fallen(playbook: Playbook, request: int = 1) -> Playbook:
    """`a` has fallen asleep for `b`, which starts."""
    playbook.up("a").on(RequestArrived(request, "b"), SLEEP_A)
    return playbook.on(InstanceAsleep("a", 1), Start("b", 2))


def test_an_idle_instance_falls_asleep_and_the_newcomer_starts_when_its_memory_is_back() -> None:
    play = Playbook(two()).up("a").on(RequestArrived(1, "b"), SLEEP_A)
    assert play.states() == "a falling_asleep"
    play.on(InstanceAsleep("a", 1), Start("b", 2))
    play.on(InstanceReady("b", 2), Grant(1, "b"))
    assert play.states() == "a asleep, b ready"


def test_nobody_is_put_to_sleep_with_requests_running() -> None:
    play = Playbook(two()).up("a").on(RequestArrived(1, "a"), Grant(1, "a"))
    play.residency.handle(RequestArrived(2, "b"), 0.0)  # it is spared for a while
    play.at(60.0).on(TimerFired())
    assert play.states() == "a draining"
    play.on(RequestEnded(1), SLEEP_A)


def test_who_sleeps_is_woken_for_its_next_request_and_those_who_wait_are_served_together() -> None:
    play = fallen(Playbook(two())).on(InstanceReady("b", 2), Grant(1, "b"))
    play.on(RequestEnded(1))
    play.on(RequestArrived(2, "a"), Stop("b", 2, "evicted for `a`"))
    play.on(InstanceStopped("b", 2), Wake("a", 1))
    assert play.states() == "a waking"
    play.on(RequestArrived(3, "a"))
    play.on(InstanceReady("a", 1), Grant(2, "a"), Grant(3, "a"))


def test_two_that_sleep_change_places_without_a_start() -> None:
    play = Playbook(policy(sleeper("a"), sleeper("b"))).up("a").on(RequestArrived(1, "b"), SLEEP_A)
    play.on(InstanceAsleep("a", 1), Start("b", 2)).on(InstanceReady("b", 2), Grant(1, "b")).on(RequestEnded(1))
    for request, (awake, asleep) in enumerate((("b", "a"), ("a", "b"), ("b", "a")), 2):
        numbers = {"a": 1, "b": 2}
        play.on(RequestArrived(request, asleep), Sleep(awake, numbers[awake], f"evicted for `{asleep}`"))
        play.on(InstanceAsleep(awake, numbers[awake]), Wake(asleep, numbers[asleep]))
        play.on(InstanceReady(asleep, numbers[asleep]), Grant(request, asleep)).on(RequestEnded(request))


def test_who_wakes_counts_with_all_it_will_take_from_the_moment_that_it_is_decided() -> None:
    small = Resident("c", {"gpu": 2})
    play = fallen(Playbook(policy(sleeper("a"), Resident("b", {"gpu": 8}), small, gpu=11)))
    play.on(InstanceReady("b", 2), Grant(1, "b")).on(RequestEnded(1))
    play.on(RequestArrived(2, "a"), Stop("b", 2, "evicted for `a`"))
    play.on(InstanceStopped("b", 2), Wake("a", 1))
    play.on(RequestArrived(3, "c"))
    assert play.residency.memory_bytes("a") == 8 + 8  # the weights are in both places until it is awake
    play.on(InstanceReady("a", 1), Grant(2, "a"), Start("c", 3))
    assert play.residency.memory_bytes("a") == 8


@pytest.mark.parametrize(
    ("keeps", "gpu", "cpu"),
    [({"gpu": 3}, 10, 100), ({"gpu": 1, "cpu": 8}, 10, 7), ({"gpu": 8}, 15, 100)],
    ids=["too much beside the newcomer", "no room for the weights", "as much as awake"],
)
def test_who_would_keep_too_much_is_stopped(keeps: dict[str, int], gpu: int, cpu: int) -> None:
    models = policy(sleeper("a", keeps), Resident("b", {"gpu": 8}), gpu=gpu, cpu=cpu)
    Playbook(models).up("a").on(RequestArrived(1, "b"), STOP_A)


def test_a_newcomer_that_has_its_device_to_itself_leaves_nobody_asleep_there() -> None:
    models = policy(sleeper("a"), Resident("b", {"gpu": 10}, claims_all=True))
    Playbook(models).up("a").on(RequestArrived(1, "b"), STOP_A)


def test_who_sleeps_is_stopped_when_even_what_it_keeps_is_needed() -> None:
    play = fallen(Playbook(policy(sleeper("a"), Resident("b", {"gpu": 8}), Resident("c", {"gpu": 10}))))
    play.on(InstanceReady("b", 2), Grant(1, "b")).on(RequestEnded(1))
    play.on(RequestArrived(2, "c"), Stop("a", 1, "evicted for `c`"), Stop("b", 2, "evicted for `c`"))


def test_what_it_is_seen_to_keep_counts_and_not_what_was_planned() -> None:
    play = Playbook(two()).up("a").on(RequestArrived(1, "b"), SLEEP_A)
    play.on(InstanceAsleep("a", 1, {"gpu": 3}), STOP_A)
    play.on(InstanceStopped("a", 1), Start("b", 2))


@pytest.mark.parametrize("why", ["no answer", "status 500"])
def test_who_cannot_sleep_is_stopped_and_not_put_to_sleep_again(why: str) -> None:
    play = Playbook(two()).up("a").on(RequestArrived(1, "b"), SLEEP_A)
    play.on(SleepFailed("a", 1, why), Stop("a", 1, f"it could not be put to sleep: {why}"))
    play.on(InstanceStopped("a", 1), Start("b", 2)).on(InstanceReady("b", 2), Grant(1, "b")).on(RequestEnded(1))
    play.on(RequestArrived(2, "a"), Stop("b", 2, "evicted for `a`")).on(InstanceStopped("b", 2), Start("a", 3))
    play.on(InstanceReady("a", 3), Grant(2, "a")).on(RequestEnded(2))
    play.on(RequestArrived(3, "b"), Stop("a", 3, EVICTED))


def test_a_death_while_falling_asleep_makes_room_all_the_same() -> None:
    play = Playbook(two()).up("a").on(RequestArrived(1, "b"), SLEEP_A)
    play.on(InstanceFailed("a", 1, BROKEN), Start("b", 2))


def test_who_waits_too_long_for_somebody_to_fall_asleep_is_not_overtaken_meanwhile() -> None:
    """`c` has to wait until `a`, which goes for `b`, is asleep and can be stopped; `d` is in its way, too."""
    residents = (
        Resident("a", {"gpu": 1}, asleep_claims={"cpu": 2}),
        Resident("b", {"gpu": 1, "cpu": 2}, expels=frozenset("a")),
        Resident("c", {"gpu": 1, "cpu": 1}, expels=frozenset("d")),
        Resident("d", {}),
    )
    play = Playbook(replace(policy(*residents, gpu=4, cpu=4), max_wait_s=0.0)).up("a", "d")
    play.on(RequestArrived(1, "a"), Grant(1, "a")).on(RequestArrived(2, "d"), Grant(2, "d"))
    play.on(RequestArrived(3, "b")).on(RequestArrived(4, "c")).on(RequestArrived(5, "d"))
    assert play.states() == "a draining, d draining"
    play.on(RequestEnded(2)).on(RequestEnded(1), SLEEP_A).on(InstanceAsleep("a", 1), Start("b", 3))
    evicted = "evicted for `c`"
    play.on(InstanceReady("b", 3), Grant(3, "b"), Stop("d", 2, evicted), Stop("a", 1, evicted))


def test_a_waking_that_fails_is_a_load_that_failed_and_the_next_one_is_a_start() -> None:
    play = fallen(Playbook(two())).on(InstanceFailed("b", 2, BROKEN), load_failed(1, "b").__class__(
        1, "b", RefusalKind.LOAD_FAILED,
        "cannot load `b`: out of memory; `a`, stopped to make room for it, will be started again", BROKEN,
    ), Wake("a", 1))  # fmt: skip
    play.on(RequestArrived(2, "a"))
    play.on(InstanceFailed("a", 1, BROKEN), load_failed(2, "a"))
    play.on(RequestArrived(3, "a"), Start("a", 3))


def test_who_is_asked_for_while_falling_asleep_is_woken_in_its_turn() -> None:
    play = Playbook(two()).up("a").on(RequestArrived(1, "b"), SLEEP_A).on(RequestArrived(2, "a"))
    play.on(InstanceAsleep("a", 1), Start("b", 2))
    play.on(InstanceReady("b", 2), Grant(1, "b"), WakeAt(0.5))
    play.on(RequestEnded(1), Stop("b", 2, "evicted for `a`"))
    play.on(InstanceStopped("b", 2), Wake("a", 1))


def test_an_idle_time_goes_on_asleep() -> None:
    play = Playbook(two(ttl_s=60.0)).at(0.0).on(RequestArrived(9, "a"), Start("a", 1))
    play.on(InstanceReady("a", 1), Grant(9, "a")).on(RequestEnded(9), WakeAt(60.0))
    play.at(10.0).on(RequestArrived(1, "b"), SLEEP_A).on(InstanceAsleep("a", 1), Start("b", 2))
    play.on(InstanceReady("b", 2), Grant(1, "b"))
    play.at(60.0).on(TimerFired(), Stop("a", 1, "idle for 60 s"))


ENDINGS: dict[str, tuple[Event, str]] = {
    "unload": (UnloadAsked("a"), "unload was asked for"),
    "yield": (DeviceYielded("gpu", "a game"), "`gpu` has been lent to a game"),
}


@pytest.mark.parametrize("name", ENDINGS)
def test_who_sleeps_can_be_told_to_go(name: str) -> None:
    event, reason = ENDINGS[name]
    play = Playbook(two()).on(InstanceAdopted("a", 1, {}))
    play.on(event, Stop("a", 1, reason)).on(InstanceStopped("a", 1))
    assert not play.states()


def test_the_end_of_the_daemon_stops_who_sleeps_who_wakes_and_who_falls_asleep() -> None:
    bye = "remuda is shutting down"
    Playbook(two()).on(InstanceAdopted("a", 1, {})).on(ShutdownAsked(), Stop("a", 1, bye))
    play = Playbook(two()).on(InstanceAdopted("a", 1, {})).on(RequestArrived(1, "a"), Wake("a", 1))
    play.on(ShutdownAsked(), Refuse(1, "a", RefusalKind.SHUTTING_DOWN, bye), Stop("a", 1, bye))
    play = Playbook(two()).up("a").on(RequestArrived(1, "b"), SLEEP_A)
    play.on(ShutdownAsked(), Refuse(1, "b", RefusalKind.SHUTTING_DOWN, bye), Stop("a", 1, bye))
    play.on(InstanceAsleep("a", 1)).on(InstanceStopped("a", 1))
    assert play.residency.is_stopped


def test_who_was_asleep_when_the_daemon_came_back_is_woken_when_it_is_asked_for() -> None:
    play = Playbook(two()).on(InstanceAdopted("a", 5, {"gpu": 2}))
    assert play.states() == "a asleep"
    assert play.residency.memory_bytes("a") == 2 + 8
    play.on(RequestArrived(1, "a"), Wake("a", 5)).on(InstanceReady("a", 5), Grant(1, "a"))


def test_a_lease_keeps_asleep_who_sleeps() -> None:
    models = policy(sleeper("a"), Resident("c", {"gpu": 10}))
    play = Playbook(models).on(InstanceAdopted("a", 1, {})).on(LeaseAsked("mine", "a"))
    message = "cannot load `c`: `a` is in its way and may not be evicted"
    play.on(RequestArrived(1, "c"), Refuse(1, "c", RefusalKind.HELD, message))
    play.on(RequestArrived(2, "a"), Wake("a", 1))


def test_a_peak_that_is_learned_while_it_sleeps_counts_when_it_wakes() -> None:
    unknown = policy(replace(sleeper("a"), claims_all=True))
    play = Playbook(unknown).on(InstanceAdopted("a", 1, {})).on(MemoryMeasured("a", {"gpu": 9}))
    assert play.residency.memory_bytes("a") == 1 + 8
    play.on(RequestArrived(1, "a"), Wake("a", 1)).on(InstanceReady("a", 1), Grant(1, "a"))
    assert play.residency.memory_bytes("a") == 9


def test_other_settings_stop_who_sleeps() -> None:
    play = Playbook(two()).on(InstanceAdopted("a", 1, {}))
    play.on(PolicyChanged(two(fingerprint="new")), Stop("a", 1, "its settings have changed"))


def test_sets_and_groups_concern_only_who_is_awake() -> None:
    apart = policy(sleeper("a"), Resident("b", {"gpu": 1}, expels=frozenset("a")), gpu=100)
    play = Playbook(apart).up("a").on(RequestArrived(1, "b"), SLEEP_A).on(InstanceAsleep("a", 1), Start("b", 2))
    assert play.states() == "a asleep, b starting"


def test_who_sleeps_goes_before_whose_load_takes_longer() -> None:
    """Both are used as often; waking costs a second, a start half a minute."""
    models = policy(Resident("s", {"gpu": 8}), sleeper("a"), Resident("b", {"gpu": 8}), gpu=17)
    play = Playbook(models).on(RequestArrived(1, "s"), Start("s", 1)).on(RequestArrived(2, "a"))
    play.at(30.0).on(InstanceReady("s", 1), Grant(1, "s"), Start("a", 2)).on(RequestEnded(1))
    play.at(60.0).on(InstanceReady("a", 2), Grant(2, "a")).on(RequestEnded(2))
    play.on(RequestArrived(3, "b"), Sleep("a", 2, EVICTED))


def test_an_explanation_tells_sleep_from_a_stop() -> None:
    play = Playbook(two()).up("a")
    explained = play.residency.explain("b", 0.0)
    assert (explained.outcome, explained.evicts) == ("evicts", ("a",))
    assert explained.reasons[0] == "`a` would be put to sleep to make room for `b`"
