"""What a running daemon says of itself: the source of `ps` and of the control API's answers."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from remuda import __version__
from remuda.daemon.dispatcher import Dispatcher
from remuda.daemon.instances import Instances
from remuda.edge.paths import Places
from remuda.plan.plan import Instance
from remuda.residency.residency import Residency
from remuda.residency.status import ModelStatus as Seen
from remuda.residency.status import Obstacle, WaitingFor


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """One model now.

    `since_s`: seconds in this state, None before the first start. `failure`: why the last attempt ended, if it failed.
    `progress`: how far its start has got, where the engine tells. `failures`: how often in a row it has failed lately;
    with `retry_in_s`, it is not tried again before, with `is_given_up` not before a load is asked for. `leased_for_s`:
    how long somebody still holds on to it; None with `is_leased` until it is given back.
    """

    id: str
    name: str
    engine: str
    state: str
    devices: tuple[str, ...]
    claims: Mapping[str, int]
    in_flight: int
    waiting: int
    waiting_for: str | None
    since_s: float | None
    address: str | None
    pid: int | None
    failure: str | None
    progress: str | None = None
    failures: int = 0
    retry_in_s: float | None = None
    is_given_up: bool = False
    leased_for_s: float | None = None
    is_leased: bool = False


@dataclass(frozen=True, slots=True)
class DaemonStatus:
    """The daemon itself; `fleet` is the path of its file, `url` where its gateway answers."""

    version: str
    pid: int
    fleet: str
    url: str


@dataclass(frozen=True, slots=True)
class Status:
    """The parts of a running daemon that its API looks at."""

    fleet_file: Path
    url: str
    places: Places
    residency: Residency
    dispatcher: Dispatcher
    instances: Instances

    @property
    def plan_instances(self) -> Mapping[str, Instance]:
        """Every model of the fleet as it is now, in the order of the file."""
        return self.instances.planned

    @property
    def model_ids(self) -> list[str]:
        """Every model, in the order of the file."""
        return list(self.plan_instances)

    @property
    def in_flight(self) -> int:
        """Requests that engines are answering."""
        return sum(seen.in_flight for seen in self.residency.snapshot())

    def daemon(self) -> DaemonStatus:
        """The daemon itself."""
        return DaemonStatus(__version__, os.getpid(), str(self.fleet_file), self.url)

    def models(self) -> list[ModelStatus]:
        """Every model, in the order of the file."""
        seen = {seen.model: seen for seen in self.residency.snapshot()}
        return [self._of(seen[model]) for model in self.plan_instances]

    def model(self, model: str) -> ModelStatus:
        """One model."""
        return next(status for status in self.models() if status.id == model)

    def _of(self, seen: Seen) -> ModelStatus:
        instance = self.plan_instances[seen.model]
        return ModelStatus(
            id=seen.model,
            name=instance.title,
            engine=instance.engine,
            state=seen.state.value,
            devices=instance.devices,
            claims=instance.claims,
            in_flight=seen.in_flight,
            waiting=seen.waiting,
            waiting_for=_obstacle(seen.waiting_for),
            since_s=None if seen.since is None else round(self.dispatcher.now() - seen.since, 3),
            address=self.instances.address(seen.model),
            pid=self.instances.pid(seen.model),
            failure=seen.last_failure.message if seen.last_failure else None,
            progress=self.instances.progress(seen.model),
            failures=seen.failures,
            retry_in_s=self._remaining_s(seen.retry_at),
            is_given_up=seen.retry_at == math.inf,
            leased_for_s=self._remaining_s(seen.leased_until),
            is_leased=seen.leased_until is not None,
        )

    def _remaining_s(self, at: float | None) -> float | None:
        """Seconds to a time; None for a time that never comes, which JSON cannot express."""
        return None if at is None or math.isinf(at) else round(max(0.0, at - self.dispatcher.now()), 3)


def _obstacle(waiting_for: WaitingFor | None) -> str | None:
    """What the requests wait for, in words."""
    if waiting_for is None:
        return None
    models = ", ".join(f"`{model}`" for model in waiting_for.models)
    return {
        Obstacle.LOAD: "its own start",
        Obstacle.TURN: f"its turn, after {models}",
        Obstacle.REQUESTS: f"requests of {models} to finish",
        Obstacle.START: f"the start of {models}",
        Obstacle.RELEASE: f"memory of {models} to come back",
        Obstacle.RESIDENCY: f"{models}, which came only just now, to be free to go",
        Obstacle.LEASE: f"the lease of {models} to end",
    }[waiting_for.obstacle]
