"""A world of simulated time in which a scheduler runs a fleet for the clients of a trace.

Whoever takes the events of `remuda.residency.events` and answers with its commands can be judged here. The world
itself is the same for all: requests run side by side at full speed once they are granted; a start reads its weights
from one disk, one after the other, and then boots; a stop takes the engine's time. It asserts that no device is
overcommitted and that every request is granted in the end. It knows no failing engine and no leaving client: random
walks are for these.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bench.residency_sim.fleets import Fleet
from remuda.residency.commands import Command, Grant, Start, Stop, WakeAt
from remuda.residency.events import Event, InstanceReady, InstanceStopped, RequestArrived, RequestEnded, TimerFired


class Scheduler(Protocol):
    """Decides, as `remuda.residency.residency.Residency` does."""

    def handle(self, event: Event, now: float) -> list[Command]: ...


@dataclass(frozen=True, slots=True)
class Step:
    """One request of a client: for `model`, `pause_s` after the answer to the one before, served for `service_s`."""

    model: str
    service_s: float
    pause_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Client:
    """Somebody who begins at `begins_at` and asks one thing after the other."""

    begins_at: float
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Trace:
    """What happens to a fleet."""

    name: str
    fleet: Fleet
    clients: tuple[Client, ...]

    @property
    def longest_service_s(self) -> float:
        """How long the longest answer takes."""
        return max(step.service_s for client in self.clients for step in client.steps)


@dataclass(frozen=True, slots=True)
class Run:
    """What came of it: the waiting time of every request, and how often an engine was started.

    `overtaken_s`: the longest that anybody had waited when somebody who came later was preferred, although only one of
    the two models can be up: was granted a ready engine, or had one started.
    """

    waits_s: Sequence[float]
    starts: int
    overtaken_s: float = 0.0


@dataclass(slots=True)
class _Asked:
    """A request on its way."""

    step: Step
    at: float
    rest: Iterator[Step]


@dataclass(slots=True, order=True)
class _Due:
    at: float
    number: int
    event: Event = field(compare=False)
    asked: _Asked | None = field(compare=False, default=None)


def run(trace: Trace, scheduler: Scheduler) -> Run:
    """Let everything happen."""
    return _World(trace, scheduler).run()


class _World:
    def __init__(self, trace: Trace, scheduler: Scheduler) -> None:
        self._trace = trace
        self._fleet = trace.fleet
        self._scheduler = scheduler
        self._now = 0.0
        self._due: list[_Due] = []
        self._number = itertools.count()
        self._asked: dict[int, _Asked] = {}
        self._wake_at: float | None = None
        self._up: set[str] = set()
        self._disk_free_at = 0.0
        self._waits_s: list[float] = []
        self._starts = 0
        self._overtaken_s = 0.0

    def run(self) -> Run:
        for client in self._trace.clients:
            self._ask_next(iter(client.steps), client.begins_at)
        while self._due:
            due = heapq.heappop(self._due)
            self._now = due.at
            if due.asked is not None and isinstance(due.event, RequestArrived):
                self._asked[due.event.request] = due.asked
            elif due.asked is not None:
                self._ask_next(due.asked.rest, due.at)
            elif isinstance(due.event, TimerFired):
                if due.at != self._wake_at:
                    continue
                self._wake_at = None
            elif isinstance(due.event, InstanceStopped):
                self._up.remove(due.event.model)
            self._tell(due.event)
        assert not self._asked, f"{len(self._asked)} requests of `{self._trace.name}` were never granted"
        return Run(self._waits_s, self._starts, self._overtaken_s)

    def _ask_next(self, steps: Iterator[Step], begins_at: float) -> None:
        step = next(steps, None)
        if step is not None:
            at = begins_at + step.pause_s
            number = next(self._number)
            self._schedule(at, RequestArrived(number, step.model), _Asked(step, at, steps))

    def _tell(self, event: Event) -> None:
        for command in self._scheduler.handle(event, self._now):
            match command:
                case Grant(request, model):
                    if not isinstance(event, InstanceReady):
                        self._note_overtaken(request)
                    self._serve(request, model)
                case Start(model, attempt):
                    self._note_overtaken(self._first_for(model))
                    self._start(model, attempt)
                case Stop(model, attempt):
                    self._schedule(self._now + self._fleet.models[model].engine.stop_s, InstanceStopped(model, attempt))
                case WakeAt(at):
                    self._wake_at = at
                    self._schedule(at, TimerFired())
                case _:
                    raise AssertionError(f"nobody expects {command}")

    def _serve(self, request: int, model: str) -> None:
        asked = self._asked.pop(request)
        assert model == asked.step.model
        assert model in self._up
        self._waits_s.append(self._now - asked.at)
        self._schedule(self._now + asked.step.service_s, RequestEnded(request), asked)

    def _first_for(self, model: str) -> int:
        return next(number for number, asked in self._asked.items() if asked.step.model == model)

    def _note_overtaken(self, preferred: int) -> None:
        """Those who wait are in order of their arrival; the first of each model stands for all of them."""
        model = self._asked[preferred].step.model
        for number, asked in self._asked.items():
            if number == preferred:
                return
            if asked.step.model != model and not self._fleet.fits({asked.step.model, model}):
                self._overtaken_s = max(self._overtaken_s, self._now - asked.at)
                return

    def _start(self, model: str, attempt: int) -> None:
        self._up.add(model)
        self._starts += 1
        for device, budget in self._fleet.budget.items():
            used = sum(self._fleet.models[up].claims.get(device, 0) for up in self._up)
            assert used <= budget, f"`{device}` is overcommitted by {self._up}"
        engine = self._fleet.models[model].engine
        self._disk_free_at = max(self._now, self._disk_free_at) + self._fleet.models[model].read_s
        self._schedule(self._disk_free_at + engine.boot_s, InstanceReady(model, attempt))

    def _schedule(self, at: float, event: Event, asked: _Asked | None = None) -> None:
        heapq.heappush(self._due, _Due(at, next(self._number), event, asked))
