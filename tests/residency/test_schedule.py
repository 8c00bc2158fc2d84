"""Why somebody waits, as `ps` shows it; what is done about it is told in test_residency."""

from __future__ import annotations

from remuda.residency.commands import Grant, Start, Stop
from remuda.residency.events import InstanceReady, RequestArrived, RequestEnded, UnloadAsked
from remuda.residency.status import Obstacle, WaitingFor
from tests.residency.playbook import Playbook, make_policy

ONE_FITS = make_policy({"a": 1, "b": 1, "c": 1}, 1)


def busy(play: Playbook, model: str) -> Playbook:
    return play.up(model).on(RequestArrived(0, model), Grant(0, model))


def test_for_its_own_load() -> None:
    play = Playbook(ONE_FITS).on(RequestArrived(1, "a"), Start("a", 1))
    assert play.status("a").waiting_for == WaitingFor(Obstacle.LOAD, ("a",))
    play.on(InstanceReady("a", 1), Grant(1, "a"))
    assert play.status("a").waiting_for is None


def test_for_requests_of_the_instances_that_have_to_go() -> None:
    play = busy(Playbook(make_policy({"a": 1, "b": 1, "c": 2}, 2)).up("b"), "a").on(RequestArrived(1, "c"))
    assert play.status("c").waiting_for == WaitingFor(Obstacle.REQUESTS, ("a",))


def test_for_requests_of_an_instance_that_is_being_unloaded() -> None:
    play = busy(Playbook(ONE_FITS), "a").on(UnloadAsked("a")).on(RequestArrived(1, "b")).on(RequestArrived(2, "a"))
    assert play.status("b").waiting_for == WaitingFor(Obstacle.REQUESTS, ("a",))


def test_for_the_requests_of_its_own_former_instance() -> None:
    play = busy(Playbook(ONE_FITS), "a").on(UnloadAsked("a")).on(RequestArrived(1, "a"))
    assert play.status("a").waiting_for == WaitingFor(Obstacle.REQUESTS, ("a",))
    play.on(RequestEnded(0), Stop("a", 1, "unload was asked for"))
    assert play.status("a").waiting_for == WaitingFor(Obstacle.RELEASE, ("a",))


def test_for_the_memory_of_the_instances_that_are_being_stopped() -> None:
    play = Playbook(ONE_FITS).up("a").on(RequestArrived(1, "b"), Stop("a", 1, "evicted for `b`"))
    assert play.status("b").waiting_for == WaitingFor(Obstacle.RELEASE, ("a",))
    play.on(RequestArrived(2, "b"))
    assert play.status("b").waiting_for == WaitingFor(Obstacle.RELEASE, ("a",))


def test_for_a_start_on_one_of_its_devices() -> None:
    play = Playbook(make_policy({"a": 1, "b": 1}, 2)).on(RequestArrived(1, "a"), Start("a", 1))
    play.on(RequestArrived(2, "b"))
    assert play.status("b").waiting_for == WaitingFor(Obstacle.START, ("a",))


def test_for_its_turn_behind_all_who_asked_earlier_and_are_in_its_way() -> None:
    play = busy(Playbook(make_policy({"a": 1, "b": 1, "c": 1, "free": {}}, 1)), "a")
    play.on(RequestArrived(1, "free"), Start("free", 2)).on(RequestArrived(2, "b")).on(RequestArrived(3, "c"))
    play.on(RequestArrived(4, "a"))
    assert play.status("c").waiting_for == WaitingFor(Obstacle.TURN, ("b",))
    assert play.status("a").waiting_for == WaitingFor(Obstacle.TURN, ("b", "c"))
