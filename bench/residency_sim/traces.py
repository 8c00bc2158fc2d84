"""The traces: who asks whom for what, made from a seed.

Clients that come with a program ask their next question when they have had the answer to the one before; the others
come when they come. Each trace has the fleet and the devices that its people would have; answers take the seconds
that a few hundred tokens take.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence

from bench.residency_sim import fleets
from bench.residency_sim.fleets import CARD_BYTES, LARGER_CARD_BYTES, Model, fleet
from bench.residency_sim.world import Client, Step, Trace

_HOUR_S = 3600.0


def popular(dice: random.Random) -> Trace:
    """Eight models on one card; how often each is asked for follows Zipf's law."""
    models = (
        fleets.QWEN_8B,
        fleets.QWEN_4B,
        fleets.GLM_32B,
        fleets.LLAMA_3B,
        fleets.QWEN_27B,
        fleets.QWEN_14B,
        fleets.GEMMA_12B,
        fleets.BGE_SMALL,
    )
    clients = _strangers(dice, _zipf(dice, models), gap_s=20.0, lasting_s=4 * _HOUR_S)
    return Trace("popular", fleet({"cuda0": CARD_BYTES}, *models), clients)


def popular_on_two(dice: random.Random) -> Trace:
    """The same on two cards, with a model that needs both."""
    models = (
        fleets.QWEN_8B,
        fleets.on("cuda1", fleets.QWEN_14B),
        fleets.QWEN_4B,
        fleets.QWEN_27B_TP2,
        fleets.on("cuda1", fleets.GLM_32B),
        fleets.LLAMA_3B,
        fleets.QWEN_27B,
        fleets.on("cuda1", fleets.QWEN_8B),
    )
    clients = _strangers(dice, _zipf(dice, models), gap_s=20.0, lasting_s=4 * _HOUR_S)
    return Trace("popular on two cards", fleet({"cuda0": CARD_BYTES, "cuda1": CARD_BYTES}, *models), clients)


def bursts(dice: random.Random) -> Trace:
    """Four models that need the card for themselves; now and then a script asks one of them ten times at once."""
    models = (fleets.QWEN_14B_AWQ, fleets.LLAMA_8B, fleets.GEMMA_12B, fleets.QWEN_27B)

    def burst(at: float) -> Iterator[Client]:
        model = dice.choice(models)
        for _ in range(dice.randint(4, 16)):
            yield Client(at + dice.uniform(0.0, 20.0), (_step(dice, model),))

    clients = tuple(client for at in _poisson(dice, gap_s=150.0, lasting_s=4 * _HOUR_S) for client in burst(at))
    return Trace("bursts", fleet({"cuda0": CARD_BYTES}, *models), clients)


def planners(dice: random.Random) -> Trace:
    """Two agents that plan with one model and code with another; only one of the two fits."""
    planner, coder = fleets.GLM_32B, fleets.QWEN_27B

    def steps() -> Iterator[Step]:
        for _ in range(40):
            yield _step(dice, planner, pause_s=dice.uniform(0.5, 3.0))
            for _ in range(dice.randint(2, 6)):
                yield _step(dice, coder, pause_s=dice.uniform(0.5, 3.0))

    clients = tuple(Client(dice.uniform(0.0, 60.0), tuple(steps())) for _ in range(2))
    return Trace("agents with two models", fleet({"cuda0": CARD_BYTES}, planner, coder), clients)


def rivals(dice: random.Random) -> Trace:
    """Two agents, each with a model of its own that needs the card for itself, and a start that takes a minute."""
    models = (fleets.QWEN_14B_AWQ, fleets.LLAMA_8B)
    clients = tuple(
        Client(0.0, tuple(_step(dice, model, pause_s=dice.uniform(0.5, 3.0)) for _ in range(200))) for model in models
    )
    return Trace("agents, a model each", fleet({"cuda0": CARD_BYTES}, *models), clients)


def embedder(dice: random.Random) -> Trace:
    """An embedder is asked every other second; beside it there is room for one of three chat models at a time."""
    chats = (fleets.QWEN_27B, fleets.GLM_32B, fleets.QWEN_14B)
    talk = _strangers(dice, (dice.choice(chats) for _ in iter(int, 1)), gap_s=60.0, lasting_s=2 * _HOUR_S)
    background = Step(fleets.BGE_SMALL.name, 0.05, 2.0)
    indexer = Client(0.0, tuple(background for _ in range(int(2 * _HOUR_S / 2.05))))
    return Trace("embedder beside chat", fleet({"cuda0": CARD_BYTES}, fleets.BGE_SMALL, *chats), (indexer, *talk))


def batch(dice: random.Random) -> Trace:
    """A batch keeps eight requests to one model in flight for an hour; people ask for another, which needs its room."""
    model, interactive = fleets.GLM_32B, fleets.QWEN_27B
    workers = tuple(Client(0.0, tuple(_step(dice, model) for _ in range(350))) for _ in range(8))
    people = _strangers(dice, (interactive for _ in iter(int, 1)), gap_s=90.0, lasting_s=_HOUR_S)
    return Trace("batch beside people", fleet({"cuda0": LARGER_CARD_BYTES}, model, interactive), (*workers, *people))


TRACES: Sequence[Callable[[random.Random], Trace]] = (
    popular,
    popular_on_two,
    bursts,
    planners,
    rivals,
    embedder,
    batch,
)
"""All of them: the mix."""


def _step(dice: random.Random, model: Model, *, pause_s: float = 0.0) -> Step:
    """A question whose answer takes ten seconds in the median, and now and then a minute or more."""
    return Step(model.name, min(120.0, dice.lognormvariate(2.3, 0.7)), pause_s)


def _strangers(dice: random.Random, models: Iterator[Model], *, gap_s: float, lasting_s: float) -> tuple[Client, ...]:
    """Clients that ask one question and come at random."""
    arrivals = _poisson(dice, gap_s=gap_s, lasting_s=lasting_s)
    return tuple(Client(at, (_step(dice, next(models)),)) for at in arrivals)


def _poisson(dice: random.Random, *, gap_s: float, lasting_s: float) -> Iterator[float]:
    at = dice.expovariate(1 / gap_s)
    while at < lasting_s:
        yield at
        at += dice.expovariate(1 / gap_s)


def _zipf(dice: random.Random, models: Sequence[Model]) -> Iterator[Model]:
    """The first model twice as often as the second, three times as often as the third, …"""
    weights = [1 / rank for rank in range(1, len(models) + 1)]
    while True:
        yield from dice.choices(models, weights, k=100)
