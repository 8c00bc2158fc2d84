from __future__ import annotations

import math

import pytest

from remuda.engines.contract import Failure, FailureKind
from remuda.residency.commands import Grant, RefusalKind, Refuse, Start, Stop, WakeAt
from remuda.residency.events import (
    InstanceFailed,
    InstanceReady,
    InstanceStopped,
    PreloadAsked,
    RequestArrived,
    RequestEnded,
    TimerFired,
    UnloadAsked,
)
from remuda.residency.failures import Failures
from remuda.residency.policy import Policy, Resident, Retry
from tests.residency.playbook import BROKEN, Playbook, load_failed, make_policy

CRASHED = Failure(FailureKind.EXITED, "it exited with 1")
UNLOADED = "unload was asked for"
BAD_FLAG = Failure(FailureKind.BAD_FLAG, "it does not know `--foo`")


def fail(failures: Failures, failure: Failure, *times: float) -> None:
    for time in times:
        failures.add(failure, time, Retry())


@pytest.mark.parametrize(
    ("times", "retry_at"),
    [
        ([0], None),
        ([0, 0], 1),
        ([0, 5, 9], 11),
        ([0, 1, 2, 3], 7),
        ([0, 1, 2, 3, 4], math.inf),
        ([0, 1, 2, 3, 700], None),
    ],
    ids=["the first is free", "then a second", "then two", "then four", "then it is given up", "old ones do not count"],
)
def test_the_time_between_tries_grows(times: list[float], retry_at: float | None) -> None:
    failures = Failures()
    fail(failures, CRASHED, *times)
    assert failures.retry_at == retry_at


def test_the_time_between_tries_has_a_bound_and_a_server_of_others_is_never_given_up() -> None:
    failures = Failures()
    fail(failures, Failure(FailureKind.UNREACHABLE, "no answer"), *range(50))
    assert failures.retry_at == 49 + 60


@pytest.mark.parametrize(
    "kind",
    [
        FailureKind.BAD_FLAG,
        FailureKind.MISSING_WEIGHTS,
        FailureKind.NOT_INSTALLED,
        FailureKind.ILLEGAL_INSTRUCTION,
    ],
)
def test_what_does_not_get_better_by_itself_is_not_tried_again(kind: FailureKind) -> None:
    failures = Failures()
    fail(failures, Failure(kind, "no"), 0)
    assert failures.hold_up(1e9) == Failure(kind, "no")


def crash_twice(play: Playbook) -> Playbook:
    for request, attempt in ((1, 1), (2, 2)):
        play.on(RequestArrived(request, "a"), Start("a", attempt))
        refused = Refuse(request, "a", RefusalKind.LOAD_FAILED, "cannot load `a`: it exited with 1", CRASHED)
        if attempt == 2:
            refused = Refuse(request, "a", refused.kind, refused.message, CRASHED, retry_after_s=1.0)
        play.on(InstanceFailed("a", attempt, CRASHED), refused)
    return play


def test_a_request_that_comes_too_early_is_refused_at_once_and_told_when_to_come_again() -> None:
    play = crash_twice(Playbook(make_policy({"a": 1})))
    message = "cannot load `a` yet: it exited with 1; it has failed 2 times and may be tried again in 1 s"
    play.at(0.25).on(
        RequestArrived(3, "a"), Refuse(3, "a", RefusalKind.BACKING_OFF, message, CRASHED, retry_after_s=0.75)
    )
    play.at(1.0).on(RequestArrived(4, "a"), Start("a", 3))


def test_a_crash_loop_is_shown() -> None:
    status = crash_twice(Playbook(make_policy({"a": 1}))).status("a")
    assert (status.failures, status.retry_at, status.last_failure) == (2, 1.0, CRASHED)


def test_what_is_given_up_waits_for_somebody_who_insists() -> None:
    play = Playbook(make_policy({"a": 1})).on(RequestArrived(1, "a"), Start("a", 1))
    refused = Refuse(1, "a", RefusalKind.LOAD_FAILED, "cannot load `a`: it does not know `--foo`", BAD_FLAG)
    play.on(InstanceFailed("a", 1, BAD_FLAG), refused)
    message = "cannot load `a`: it does not know `--foo`; correct it and run `remuda load a`"
    play.at(1e9).on(RequestArrived(2, "a"), Refuse(2, "a", RefusalKind.GIVEN_UP, message, BAD_FLAG))
    play.on(RequestArrived(3, "a", insists=True), Start("a", 2))


def test_an_instance_that_has_served_a_request_starts_the_count_anew() -> None:
    play = crash_twice(Playbook(make_policy({"a": 1}))).at(5.0)
    play.on(RequestArrived(3, "a"), Start("a", 3)).on(InstanceReady("a", 3), Grant(3, "a"))
    assert play.status("a").failures == 2
    play.on(RequestEnded(3))
    assert play.status("a").failures == 0


def test_memory_that_was_lacking_is_tried_again_as_soon_as_something_has_gone() -> None:
    play = Playbook(make_policy({"a": 1, "b": 1}, 2)).up("b").on(RequestArrived(1, "a"), Start("a", 2))
    play.on(InstanceFailed("a", 2, BROKEN), load_failed(1, "a")).on(RequestArrived(2, "a"), Start("a", 3))
    play.on(
        InstanceFailed("a", 3, BROKEN),
        Refuse(2, "a", RefusalKind.LOAD_FAILED, "cannot load `a`: out of memory", BROKEN, retry_after_s=1.0),
    )
    play.on(UnloadAsked("b"), Stop("b", 1, "unload was asked for")).on(InstanceStopped("b", 1))
    play.on(RequestArrived(3, "a"), Start("a", 4))


def test_who_waits_while_a_draining_instance_crashes_too_often_is_told() -> None:
    play = crash_twice(Playbook(make_policy({"a": 1, "b": 1}))).at(5.0)
    play.on(RequestArrived(3, "a"), Start("a", 3)).on(InstanceReady("a", 3), Grant(3, "a"))
    play.on(RequestArrived(4, "b")).on(RequestArrived(5, "a"))
    message = "cannot load `a` yet: it exited with 1; it has failed 3 times and may be tried again in 2 s"
    play.on(
        InstanceFailed("a", 3, CRASHED),
        Refuse(5, "a", RefusalKind.BACKING_OFF, message, CRASHED, retry_after_s=2.0),
        Start("b", 4),
    )


def test_what_is_always_on_is_started_again_when_its_time_has_come() -> None:
    policy = Policy({"a": Resident("a", {"gpu": 1}, always_on=True)}, {"gpu": 1})
    play = Playbook(policy).on(PreloadAsked(), Start("a", 1)).on(InstanceFailed("a", 1, CRASHED), Start("a", 2))
    play.on(InstanceFailed("a", 2, CRASHED), WakeAt(1.0)).at(1.0).on(TimerFired(), Start("a", 3))


# Giving back what was stopped


def test_a_failed_load_gives_back_what_was_stopped_for_it() -> None:
    play = Playbook(make_policy({"a": 1, "b": 1, "c": 2}, 2)).up("a", "b")
    play.on(RequestArrived(1, "c"), Stop("a", 1, "evicted for `c`"), Stop("b", 2, "evicted for `c`"))
    play.on(InstanceStopped("a", 1)).on(InstanceStopped("b", 2), Start("c", 3))
    message = "cannot load `c`: out of memory; `a` and `b`, stopped to make room for it, will be started again"
    play.on(InstanceFailed("c", 3, BROKEN), Refuse(1, "c", RefusalKind.LOAD_FAILED, message, BROKEN), Start("a", 4))
    play.on(InstanceReady("a", 4), Start("b", 5)).on(InstanceReady("b", 5))


def test_what_was_stopped_is_given_back_once_and_only_where_nobody_waits_for_the_room() -> None:
    play = Playbook(make_policy({"a": 1, "b": 1, "c": 1})).up("a")
    play.on(RequestArrived(1, "b"), Stop("a", 1, "evicted for `b`")).on(RequestArrived(2, "c"))
    play.on(InstanceStopped("a", 1), Start("b", 2))
    message = "cannot load `b`: out of memory; `a`, stopped to make room for it, will be started again"
    play.on(InstanceFailed("b", 2, BROKEN), Refuse(1, "b", RefusalKind.LOAD_FAILED, message, BROKEN), Start("c", 3))
    play.on(InstanceReady("c", 3), Grant(2, "c")).on(RequestEnded(2)).on(UnloadAsked("c"), Stop("c", 3, UNLOADED))
    play.on(InstanceStopped("c", 3))
    assert play.states() == ""


def test_what_was_stopped_is_tried_once() -> None:
    play = Playbook(make_policy({"a": 1, "b": 1})).up("a")
    play.on(RequestArrived(1, "b"), Stop("a", 1, "evicted for `b`")).on(InstanceStopped("a", 1), Start("b", 2))
    message = "cannot load `b`: out of memory; `a`, stopped to make room for it, will be started again"
    play.on(InstanceFailed("b", 2, BROKEN), Refuse(1, "b", RefusalKind.LOAD_FAILED, message, BROKEN), Start("a", 3))
    play.on(InstanceFailed("a", 3, CRASHED)).on(TimerFired())
    assert play.states() == ""
