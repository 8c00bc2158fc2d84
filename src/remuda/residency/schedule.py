"""What to do for those who wait: a pure function of the whole picture, asked anew whenever it has changed.

The models that are waited for are considered in order of their oldest request. Three occupancies make the decision:

- *up*: what holds memory now. A start has to fit beside it.
- *goal*: what shall be up once all that is decided has happened. A newcomer takes its place here first, at the expense
  of idle instances, least recently used first, and then of busy ones.
- *promised*: all that was asked for earlier. Whoever does not fit beside it waits for its turn and is promised its own
  room in turn, so that nobody who comes later can take it. The oldest is never held up by a promise; hence nobody
  starves.

Because nothing is remembered between two calls, a victim is let off as soon as it is no longer needed. Because a
draining instance is granted nothing, its last use does not change and the choice settles on it. Victims keep running
until all of them are idle: if the waiting client leaves meanwhile, nothing was stopped for nobody.

On devices where an engine is starting nothing else is started or evicted, and nothing is started where one is being
stopped: engines measure free memory while they start.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from remuda.residency.choose import choose_victims
from remuda.residency.instance import Instance
from remuda.residency.ledger import Ledger, Occupancy
from remuda.residency.states import State
from remuda.residency.status import Obstacle, WaitingFor


@dataclass(slots=True)
class Schedule:
    """What is decided, by model; what is not named in `drain` may stay.

    `stop` maps a victim to the model that it makes room for.
    """

    grant: list[str] = field(default_factory=list)
    start: list[str] = field(default_factory=list)
    drain: set[str] = field(default_factory=set)
    stop: dict[str, str] = field(default_factory=dict)
    waiting_for: dict[str, WaitingFor] = field(default_factory=dict)


def schedule(waiting: Iterable[str], instances: Mapping[str, Instance], up: Occupancy, ledger: Ledger) -> Schedule:
    """Decide for the models that are waited for, oldest first; `up` is everything that is not stopped."""
    walk = _Walk(instances, up, ledger)
    for model in waiting:
        walk.consider(model)
    return walk.decided


class _Walk:
    """One walk along the models that are waited for; later decisions see the earlier ones."""

    def __init__(self, instances: Mapping[str, Instance], up: Occupancy, ledger: Ledger) -> None:
        self.decided = Schedule()
        self._instances = instances
        self._ledger = ledger
        self._up = up.without()
        self._goal = up.without(*(model for model in up.members if not instances[model].staying))
        self._promised = Occupancy(ledger)
        self._starting = [model for model in up.members if instances[model].state is State.STARTING]
        self._stopping = [model for model in up.members if instances[model].state is State.STOPPING]

    def consider(self, model: str) -> None:
        state = self._instances[model].state
        if state is State.STARTING:
            if model in self._goal:
                self._promised.add(model)
            self._wait(model, Obstacle.LOAD, (model,))
        elif model in self._goal:
            self.decided.grant.append(model)
        elif not self._promised.fits(model):
            self._wait(model, Obstacle.TURN, self._rivals(model, self._promised.members))
            self._promised.add(model)
        elif state is not State.STOPPED:
            self._wait(model, Obstacle.RELEASE if state is State.STOPPING else Obstacle.REQUESTS, (model,))
            self._promised.add(model)
        else:
            self._promised.add(model)
            self._advance(model, self._place(model))

    def _place(self, model: str) -> tuple[str, ...]:
        """Give the model its place in the goal; returns who has to go for it."""
        victims = choose_victims(model, self._goal, self._candidates())
        for victim in victims:
            self._goal.remove(victim)
        self._goal.add(model)
        return victims

    def _candidates(self) -> list[str]:
        """Who may be evicted, the cheapest first."""
        free = (model for model in self._goal.members if model not in self._promised)
        return sorted(free, key=lambda model: (self._busy(model), self._instances[model].last_used))

    def _advance(self, model: str, victims: tuple[str, ...]) -> None:
        """Take the next step towards the model's start."""
        busy = tuple(victim for victim in victims if self._busy(victim))
        if rivals := self._sharing_device((model, *victims), self._starting):
            self.decided.drain.update(victims)
            self._wait(model, Obstacle.START, rivals)
        elif busy or not self._up.without(*victims, *self._stopping).fits(model):
            self.decided.drain.update(victims)
            self._wait(model, Obstacle.REQUESTS, busy or self._rivals(model, self._leaving()))
        elif victims:
            self.decided.stop.update(dict.fromkeys(victims, model))
            self._stopping.extend(victims)
            self._wait(model, Obstacle.RELEASE, victims)
        elif self._sharing_device((model,), self._stopping) or not self._up.fits(model):
            self._wait(model, Obstacle.RELEASE, self._rivals(model, self._stopping))
        else:
            self.decided.start.append(model)
            self._up.add(model)
            self._starting.append(model)
            self._wait(model, Obstacle.LOAD, (model,))

    def _busy(self, model: str) -> bool:
        return self._instances[model].busy or model in self.decided.grant

    def _leaving(self) -> tuple[str, ...]:
        """Who is up, will go, and has not been told to stop yet."""
        return tuple(model for model in self._up.without(*self._stopping).members if model not in self._goal)

    def _rivals(self, model: str, others: Iterable[str]) -> tuple[str, ...]:
        return tuple(other for other in others if self._ledger.compete(model, other))

    def _sharing_device(self, models: tuple[str, ...], others: Iterable[str]) -> tuple[str, ...]:
        return tuple(o for o in others if any(self._ledger.share_device(model, o) for model in models))

    def _wait(self, model: str, obstacle: Obstacle, models: tuple[str, ...]) -> None:
        self.decided.waiting_for[model] = WaitingFor(obstacle, models)
