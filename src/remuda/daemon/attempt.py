"""What runs, or is being brought up, for one model."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from remuda.daemon.runtimes import Running
from remuda.edge.http.seam import Endpoint
from remuda.engines import ENGINES
from remuda.engines.contract import Progress
from remuda.plan.plan import Instance


@dataclass(slots=True, eq=False)
class Attempt:
    """One attempt to run an instance; times are of the loop's clock.

    `last_log`: the number of the model's last log before this attempt. `task` brings it up and watches it; `doubted` is
    set when somebody could not connect. `is_resting`: whether it sleeps, or is on its way there or back.
    `progress`: how far the engine says that its start has got.
    """

    instance: Instance
    number: int
    began: float
    last_log: int = 0
    task: asyncio.Task[None] | None = None
    running: Running | None = None
    endpoint: Endpoint | None = None
    ready_at: float | None = None
    progress: Progress | None = None
    is_resting: bool = False
    needs_after_unload: bool = False
    stop_reason: str | None = None
    doubted: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def model(self) -> str:
        """The model that it is for."""
        return self.instance.model_id

    @property
    def serving_at(self) -> Endpoint:
        """Where it listens, once it is ready."""
        assert self.endpoint is not None, f"{self.model} is not ready"  # noqa: S101  who asks knows that it is
        return self.endpoint

    @property
    def ready_s(self) -> float | None:
        """How long it took to be ready; None when it is not."""
        return None if self.ready_at is None else self.ready_at - self.began

    @property
    def is_serving(self) -> bool:
        """Whether it can serve, as far as anybody has seen, and nobody wants it to end."""
        has_ended = self.running is not None and self.running.exited.done()
        return self.ready_at is not None and self.stop_reason is None and not has_ended

    def said(self, line: str) -> None:
        """The engine has written a line while it starts."""
        signal = ENGINES[self.instance.engine].read_line(line)
        if isinstance(signal, Progress):
            self.progress = signal
