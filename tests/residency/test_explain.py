from __future__ import annotations

from dataclasses import replace

from remuda.residency.commands import Grant, Start, Stop
from remuda.residency.events import DeviceYielded, LeaseAsked, RequestArrived
from remuda.residency.status import Obstacle
from tests.residency.playbook import Playbook, make_policy

ONE_FITS = make_policy({"a": 1, "b": 1, "c": 1}, max_wait_s=100.0)


def test_what_is_up_is_ready_and_what_fits_starts() -> None:
    play = Playbook(make_policy({"a": 1, "b": 1}, 2)).up("a")
    assert play.residency.explain("a", 0.0).outcome == "ready"
    explained = play.residency.explain("b", 0.0)
    assert (explained.outcome, explained.reasons) == ("starts", ("there is room for `b`",))
    assert play.states() == "a ready"


def test_a_start_that_is_under_way_is_joined() -> None:
    play = Playbook(ONE_FITS).on(RequestArrived(1, "a"), Start("a", 1))
    assert play.residency.explain("a", 0.0).outcome == "joins"
    explained = play.residency.explain("b", 0.0)
    assert (explained.outcome, explained.obstacle, explained.blocked_by) == ("waits", Obstacle.TURN, ("a",))


def test_who_would_go_and_what_he_does_first() -> None:
    play = Playbook(ONE_FITS).up("a").on(RequestArrived(1, "a"), Grant(1, "a"))
    explained = play.residency.explain("b", 0.0)
    assert (explained.outcome, explained.evicts, explained.busy) == ("evicts", ("a",), ("a",))
    assert explained.reasons == (
        "`a` would be stopped to make room for `b`",
        "`a` finishes 1 requests before; sending it away costs 0.0 s of expected waiting",
    )
    assert play.states() == "a ready"


def test_what_stands_in_the_way() -> None:
    play = Playbook(replace(ONE_FITS, min_residency_s=10.0)).up("a")
    explained = play.residency.explain("b", 5.0)
    assert (explained.outcome, explained.obstacle, explained.blocked_by) == ("waits", Obstacle.RESIDENCY, ("a",))
    assert play.residency.explain("b", 10.0).outcome == "evicts"


def test_whose_turn_comes_before() -> None:
    play = Playbook(ONE_FITS).up("a").on(RequestArrived(1, "b"), Stop("a", 1, "evicted for `b`"))
    explained = play.residency.explain("c", 0.0)
    assert (explained.outcome, explained.obstacle, explained.blocked_by) == ("waits", Obstacle.TURN, ("b",))


def test_why_it_would_be_refused() -> None:
    play = Playbook(ONE_FITS).on(DeviceYielded("gpu", "a game"))
    explained = play.residency.explain("a", 0.0)
    assert (explained.outcome, explained.reasons) == (
        "refused",
        ("cannot load `a`: `gpu` has been lent to a game",),
    )


def test_how_long_a_lease_stands_in_the_way() -> None:
    play = Playbook(ONE_FITS).up("a")
    play.residency.handle(LeaseAsked("mine", "a", 500.0), 0.0)
    explained = play.residency.explain("b", 100.0)
    assert (explained.outcome, explained.retry_after_s) == ("refused", 400.0)
