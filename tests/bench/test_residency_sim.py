"""The simulator that judges residency: its peers keep to the rules that they stand for, and its world keeps time."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from bench.residency import SCHEDULERS, remuda
from bench.residency_sim.figures import FIRST_COME, OURS, figures, judge_mix, judge_trace
from bench.residency_sim.fleets import Engine, Fleet, Model, fleet
from bench.residency_sim.peers import LeastRecentlyUsed, LlamaSwap, Ollama
from bench.residency_sim.traces import TRACES
from bench.residency_sim.world import Client, Run, Scheduler, Step, Trace, run
from remuda.residency.commands import Command, Start
from remuda.residency.events import Event, RequestArrived

ENGINE = Engine(boot_s=10.0, read_bytes_per_s=1.0, stop_s=1.0)


def make_fleet(budget: int, **sizes: int) -> Fleet:
    """Models of so many bytes, which take as many seconds to read."""
    return fleet({"gpu": budget}, *(Model(name, ENGINE, size, {"gpu": size}) for name, size in sizes.items()))


def asks(at: float, *steps: tuple[str, float]) -> Client:
    return Client(at, tuple(Step(model, service_s) for model, service_s in steps))


def waits(scheduler: Callable[[Fleet], Scheduler], small: Fleet, *clients: Client) -> Run:
    return run(Trace("test", small, clients), scheduler(small))


@pytest.mark.parametrize("name", SCHEDULERS)
def test_a_first_request_waits_for_the_load_and_a_second_for_nothing(name: str) -> None:
    assert waits(SCHEDULERS[name], make_fleet(9, a=5), asks(0, ("a", 1), ("a", 1))) == Run([15.0, 0.0], 1)


@pytest.mark.parametrize("name", SCHEDULERS)
def test_a_swap_takes_a_stop_and_a_start(name: str) -> None:
    assert waits(SCHEDULERS[name], make_fleet(9, a=5, b=6), asks(0, ("a", 1), ("b", 1))) == Run([15.0, 17.0], 2)


@pytest.mark.parametrize("peer", [LlamaSwap, LeastRecentlyUsed, Ollama])
def test_with_the_peers_a_stream_of_requests_starves_another_model(peer: Callable[[Fleet], Scheduler]) -> None:
    stream = [asks(at, ("a", 20)) for at in range(0, 600, 10)]
    assert max(waits(peer, make_fleet(9, a=5, b=6), *stream, asks(30, ("b", 1))).waits_s) > 550


def test_with_remuda_it_does_not() -> None:
    stream = [asks(at, ("a", 20)) for at in range(0, 600, 10)]
    assert max(waits(remuda, make_fleet(9, a=5, b=6), *stream, asks(30, ("b", 1))).waits_s) < 200


def test_a_wait_counts_as_overtaken_when_a_later_request_is_preferred_that_is_in_the_way() -> None:
    clients = (asks(0, ("a", 100)), asks(20, ("b", 1)), asks(50, ("a", 1)), asks(60, ("c", 1)))
    assert waits(LlamaSwap, make_fleet(9, a=5, b=6, c=3), *clients).overtaken_s == 30.0


def test_llama_swap_evicts_as_few_as_it_can_and_the_first_of_the_file() -> None:
    small = make_fleet(9, a=3, b=3, c=3, d=4)
    run_of = waits(LlamaSwap, small, asks(0, ("c", 1), ("b", 1), ("a", 1), ("d", 1), ("c", 1)))
    assert run_of.waits_s[3:] == [15.0, 0.0]


def test_the_least_recently_used_goes_first() -> None:
    small = make_fleet(9, a=3, b=3, c=3, d=3)
    run_of = waits(LeastRecentlyUsed, small, asks(0, ("c", 1), ("b", 1), ("a", 1), ("d", 1), ("b", 1), ("c", 1)))
    assert run_of.waits_s[3:] == [14.0, 0.0, 14.0]


def test_ollama_unloads_what_was_idle_for_five_minutes() -> None:
    small = make_fleet(9, a=5, b=3)
    clients = (asks(0, ("a", 1)), asks(310, ("a", 1)), asks(700, ("a", 1)))
    assert waits(Ollama, small, *clients) == Run([15.0, 0.0, 15.0], 2)


def test_ollama_loads_one_model_at_a_time() -> None:
    assert waits(Ollama, make_fleet(9, a=5, b=3), asks(0, ("a", 1)), asks(0, ("b", 1))) == Run([15.0, 28.0], 2)


def test_starts_share_one_disk() -> None:
    assert waits(LlamaSwap, make_fleet(9, a=5, b=3), asks(0, ("a", 1)), asks(0, ("b", 1))) == Run([15.0, 18.0], 2)


class Reckless:
    """Starts whatever it is asked for."""

    def handle(self, event: Event, now: float) -> list[Command]:
        return [Start(event.model, 1)] if isinstance(event, RequestArrived) else []


def test_the_world_sees_a_device_that_is_overcommitted() -> None:
    with pytest.raises(AssertionError, match="`gpu` is overcommitted"):
        waits(lambda _: Reckless(), make_fleet(9, a=5, b=6), asks(0, ("a", 1)), asks(0, ("b", 1)))


def test_the_world_sees_a_request_that_nobody_answers() -> None:
    with pytest.raises(AssertionError, match="1 requests of `test` were never granted"):
        waits(lambda _: Reckless(), make_fleet(9, a=5), asks(0, ("a", 1)))


@pytest.mark.parametrize("make", TRACES)
def test_traces_are_made_of_their_seed(make: Callable[[random.Random], Trace]) -> None:
    assert make(random.Random(1)) == make(random.Random(1)) != make(random.Random(2))


def test_quantiles_and_bars() -> None:
    of_ours, of_theirs = figures([Run([1.0, 2.0], 1), Run([3.0, 4.0], 2, 200.0)]), figures([Run([0.0, 9.0], 1)])
    assert (of_ours.total_s, of_ours.p50_s, of_ours.worst_s, of_ours.starts) == (10.0, 3.0, 4.0, 3)
    found = {OURS: of_ours, FIRST_COME: of_theirs}
    trace = Trace("test", make_fleet(9, a=5), (asks(0, ("a", 1)),))
    assert [verdict.met for verdict in judge_trace(found, trace)] == [False, True, False]
    assert judge_mix(found).met is False
