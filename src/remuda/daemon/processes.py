"""The runtime `process`: engines as processes of this machine, each in a cgroup of its own where there can be one.

That is one that the daemon makes, or else a scope that the user's systemd makes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from remuda.daemon.runtimes import Start
from remuda.edge import process
from remuda.edge.cgroups import Cgroup, Cgroups
from remuda.edge.records import Record
from remuda.edge.scopes import Scopes
from remuda.engines import ENGINES
from remuda.plan.plan import Instance


class Processes:
    """Runs programs in `directory`, that of the fleet file; `environment` is what they inherit."""

    def __init__(
        self, directory: Path, environment: Mapping[str, str], cgroups: Cgroups | Scopes | None = None
    ) -> None:
        self._directory = directory
        self._environment = environment
        self._cgroups = cgroups

    async def prepare(self, instance: Instance, log: Path) -> None:
        """A program is there or it is not."""

    async def start(self, start: Start) -> process.Process:
        """Start the program. Raises EffectError."""
        launch = ENGINES[start.instance.engine].launch(start.order)
        environment = {**self._environment, **start.instance.visible, **launch.environment}
        before, cgroup = self._contained(start.instance)
        return process.spawn(
            (*before, *launch.argv), environment=environment, directory=self._directory, log=start.log, cgroup=cgroup
        )

    def _contained(self, instance: Instance) -> tuple[tuple[str, ...], Cgroup | None]:
        """What to put before the instance's argv, and the cgroup to put its process in."""
        name, care = instance.model_id, instance.care
        match self._cgroups:
            case None:
                return (), None
            case Scopes() as scopes:
                return scopes.argv(name, memory_bytes=care.memory_bytes, cpus=care.cpus), None
            case cgroups:
                return (), cgroups.make(name, memory_bytes=care.memory_bytes, cpus=care.cpus)

    async def adopt(self, record: Record, log: Path) -> process.Process | None:
        """Take over a process that still runs, or end what it has left behind. Raises EffectError."""
        del log
        adopted = process.adopt(record.identity)
        if adopted is None:
            await process.end_leftovers(record.identity)
        return adopted

    async def clear(self, kept: Collection[str]) -> None:
        """A process without a record is not known to be ours."""

    def unenforced(self, instance: Instance) -> tuple[str, ...]:
        """The keys of the instance's `limits` that nothing would hold it to here."""
        limits = {"memory": instance.care.memory_bytes, "cpus": instance.care.cpus}
        held = {"memory": "memory", "cpus": "cpu"}
        controllers = self._cgroups.controllers if self._cgroups else frozenset[str]()
        return tuple(key for key, limit in limits.items() if limit is not None and held[key] not in controllers)
