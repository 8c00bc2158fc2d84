"""Starting containers as the launcher does, and what tests wait for."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from remuda.daemon.containers import Containers
from remuda.daemon.runtimes import Running, Start
from remuda.edge.records import Record
from remuda.engines.contract import Order
from remuda.plan.plan import Instance
from tests.edge.containers.tools import FAKE_ENGINE, Machine

ENGINE = (str(Path(sys.executable).resolve()), "-u", str(FAKE_ENGINE))


class Herd:
    """The runtime of one fleet in a directory."""

    def __init__(self, machine: Machine, directory: Path, fleet: str = "stable", **contained: Any) -> None:
        self.machine = machine
        self.directory = directory
        self.log = directory / "engine.log"
        self.runtime = Containers(
            machine.cli,
            fleet,
            directory,
            directory,
            lambda instance: replace(machine.contained(f"remuda-test-{instance.model_id}"), **contained),
        )

    def start_of(self, model: str, *words: str, attempt: int = 1, port: int = 0, **order: Any) -> Start:
        instance = Instance(model, model, "command", "podman", cmd=ENGINE)
        keys: dict[str, Any] = {"cmd": (*ENGINE, "--port", str(port), *words)} | order
        return Start(instance, attempt, Order(model, (), "127.0.0.1", port, **keys), self.log)

    def record(self, model: str, running: Running, attempt: int = 1) -> Record:
        fingerprint = self.start_of(model).instance.fingerprint
        return Record(model, attempt, fingerprint, 1, running.identity, {})

    @asynccontextmanager
    async def running(self, start: Start) -> AsyncIterator[Running]:
        """A container that has written its first line, and is gone afterwards."""
        running = await self.runtime.start(start)
        try:
            async with asyncio.timeout(10):
                await self.logged("ready")
            yield running
        finally:
            await running.sweep()

    async def logged(self, text: str) -> None:
        while not (self.log.exists() and text in self.log.read_text()):
            await asyncio.sleep(0.01)
