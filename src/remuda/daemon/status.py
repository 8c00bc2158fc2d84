"""What a running daemon says of itself: the source of `ps` and of the control API's answers."""

from __future__ import annotations

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
    plan_instances: Mapping[str, Instance]
    residency: Residency
    dispatcher: Dispatcher
    instances: Instances

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
        return [self._of(seen) for seen in self.residency.snapshot()]

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
        )


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
        Obstacle.RELEASE: f"{models} to stop",
    }[waiting_for.obstacle]
