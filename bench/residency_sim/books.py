"""What each of the peers' schedulers has to remember; it takes no decision.

The peers are written from descriptions of their rules, smaller than they are, and flattered: none of them fails,
leaks, or starts an engine before the memory of another is back.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Collection

from bench.residency_sim.fleets import Fleet
from remuda.residency.commands import Command, Grant, Start, Stop
from remuda.residency.events import Event, InstanceReady, InstanceStopped, RequestArrived, RequestEnded


class Phase(enum.Enum):
    """Where an engine that is up is in its life."""

    STARTING = enum.auto()
    READY = enum.auto()
    STOPPING = enum.auto()


class Books:
    """Engines, requests in flight, and the queue, in order of arrival."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.up: dict[str, Phase] = {}
        self.in_flight: Counter[str] = Counter()
        self.queue: dict[int, str] = {}
        self.last_used: dict[str, float] = {}
        self.commands: list[Command] = []
        self._granted: dict[int, str] = {}
        self._attempts = 0
        self._now = 0.0

    def note(self, event: Event, now: float) -> None:
        """Take down what happened; the commands that follow are gathered in `commands`."""
        self.commands = []
        self._now = now
        match event:
            case RequestArrived(request, model):
                self.queue[request] = model
            case RequestEnded(request):
                model = self._granted.pop(request)
                self.in_flight[model] -= 1
                self.last_used[model] = now
            case InstanceReady(model):
                self.up[model] = Phase.READY
                self.last_used[model] = now
            case InstanceStopped(model):
                del self.up[model]

    def fits(self, model: str, without: Collection[str] = ()) -> bool:
        """Whether the model fits beside all that is up but those."""
        others = [self.fleet.models[other].claims for other in self.up if other not in without]
        claims = self.fleet.models[model].claims.items()
        return all(
            size + sum(other.get(device, 0) for other in others) <= self.fleet.budget[device] for device, size in claims
        )

    def share_device(self, one: str, other: str) -> bool:
        """Whether both models need memory of some device."""
        return not self.fleet.models[one].claims.keys().isdisjoint(self.fleet.models[other].claims)

    def is_ready(self, model: str) -> bool:
        return self.up.get(model) is Phase.READY

    def is_idle(self, model: str) -> bool:
        """Whether it is ready and serves nobody."""
        return self.is_ready(model) and not self.in_flight[model]

    def grant(self, request: int) -> None:
        model = self.queue.pop(request)
        self._granted[request] = model
        self.in_flight[model] += 1
        self.last_used[model] = self._now
        self.commands.append(Grant(request, model))

    def grant_what_is_ready(self) -> None:
        """Everybody whose model is ready is served, whoever waits for another."""
        for request, model in list(self.queue.items()):
            if self.is_ready(model):
                self.grant(request)

    def start(self, model: str) -> None:
        self._attempts += 1
        self.up[model] = Phase.STARTING
        self.commands.append(Start(model, self._attempts))

    def stop(self, model: str) -> None:
        self.up[model] = Phase.STOPPING
        self.commands.append(Stop(model, self._attempts, ""))
