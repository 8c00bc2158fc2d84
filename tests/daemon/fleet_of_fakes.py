"""Instances of the fake engine, made without a fleet file."""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from remuda.daemon.instances import Instances
from remuda.daemon.launcher import Launcher
from remuda.daemon.report import Report
from remuda.daemon.upkeep import NotWatched, Upkeep
from remuda.edge.paths import Places
from remuda.plan.plan import Instance
from remuda.residency.events import Event

FAKE = Path(__file__).parents[1] / "fake_engine.py"

E = TypeVar("E")


def fake(*switches: str, model_id: str = "fake", **more: Any) -> Instance:
    """A model whose command is the fake engine."""
    cmd = (sys.executable, str(FAKE), "--any-model", "--port", "${PORT}", *switches)
    return Instance(model_id, model_id, "command", "process", cmd=cmd, **more)


def places(directory: Path) -> Places:
    at = Places(directory / "run", directory / "state")
    at.make()
    return at


def launcher(directory: Path, **environment: str) -> Launcher:
    return Launcher({}, places(directory), directory, {**os.environ, **environment})


class World:
    """Instances whose events and reports are kept."""

    def __init__(
        self,
        directory: Path,
        *instances: Instance,
        upkeep: Upkeep | None = None,
        programs: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        self.events: asyncio.Queue[Event] = asyncio.Queue()
        self.reports: list[Report] = []
        self.instances = Instances(
            {instance.model_id: instance for instance in instances},
            Launcher(programs or {}, places(directory), directory, os.environ),
            places(directory),
            emit=self.events.put_nowait,
            reporter=self.reports.append,
        )
        self.instances.watch_memory(upkeep or NotWatched())

    async def event(self, kind: type[E]) -> E:
        """The next event, which has to be of this kind."""
        async with asyncio.timeout(30):
            found = await self.events.get()
        assert isinstance(found, kind), found
        return found
