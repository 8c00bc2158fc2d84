"""Reads the fleet file again while the daemon runs, and applies it by difference.

What the gateway decides by (keys, routes, aliases, limits, the certificate) is replaced at once. Instances that are
what the file wants go on with their requests; changed ones finish theirs and start anew, and so on
(`remuda.residency.events.PolicyChanged`). A file that cannot be used changes nothing at all.

One reload at a time; who asks while one runs gets the next, together with everybody else who asks meanwhile: the last
edit wins. What only a new daemon can do (listen elsewhere) is named.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from dataclasses import dataclass

from remuda.daemon.dispatcher import Dispatcher
from remuda.daemon.gateway import gateway_of, limits_of, load_certificate, refuse_open
from remuda.daemon.instances import Instances
from remuda.daemon.job import Job
from remuda.daemon.launcher import Launcher
from remuda.daemon.planning import Planned, Planner
from remuda.edge import lock_file
from remuda.edge.http.server import GatewayServer
from remuda.edge.secrets import Resolver
from remuda.errors import EffectError
from remuda.plan.check import load_fleet
from remuda.residency.events import PolicyChanged
from remuda.spec.fleet import Fleet


@dataclass(frozen=True, slots=True)
class Reloaded:
    """What came of it: models by what has become of them, and in `needs_restart` what is not in force.

    `changed` are those whose instances are started anew; a model whose requests are only treated differently is not.
    """

    keys: int
    routes: int
    models: int
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    needs_restart: tuple[str, ...] = ()

    def __str__(self) -> str:
        """In words, for a person."""
        groups = {"added": self.added, "changed": self.changed, "removed": self.removed}
        told = [f"{', '.join(models)} {what}" for what, models in groups.items() if models]
        told += [f"{', '.join(self.needs_restart)} not in force before `remuda restart`"] * bool(self.needs_restart)
        return "; ".join(told) or "no model has changed"


@dataclass(frozen=True, slots=True)
class Running:
    """The parts of a running daemon that a reload replaces something of."""

    dispatcher: Dispatcher
    instances: Instances
    launcher: Launcher
    server: GatewayServer
    tls: ssl.SSLContext | None


class Reloader:
    """Reloads for one running daemon, which was started with `planned`; that is what is in force afterwards."""

    def __init__(self, job: Job, planner: Planner, planned: Planned, running: Running) -> None:
        self._job = job
        self._planner = planner
        self.planned = planned
        self._running = running
        self._turn = asyncio.Lock()
        self._next: asyncio.Task[Reloaded] | None = None

    async def reload(self) -> Reloaded:
        """Apply the file as it is now, or as it is after the reload under way.

        Raises RemudaError, and then nothing has changed.
        """
        if self._next is None:
            self._next = asyncio.get_running_loop().create_task(self._reload(), name="reload")
        return await asyncio.shield(self._next)

    async def _reload(self) -> Reloaded:
        async with self._turn:
            self._next = None
            # Large files take a while to judge, in which requests want to be served.
            return self._apply(await asyncio.to_thread(self._read))

    def _read(self) -> Planned:
        try:
            text = self._job.file.read_bytes()
        except OSError as error:
            message = f"cannot read `{self._job.file}`: {error.strerror}"
            raise EffectError(message, hint="put the file back, then reload again") from error
        return self._planner.plan(load_fleet(text, str(self._job.file), lock_file.read(self._job.file))[0])

    def _apply(self, new: Planned) -> Reloaded:
        """Put it in force, after everything that could still refuse it."""
        job, running, old, fleet = self._job, self._running, self.planned, new.fleet
        resolver = Resolver(job.file.parent, job.environment)
        created = int(job.file.stat().st_mtime)
        gateway = gateway_of(fleet, new.plan.instances, resolver, running.dispatcher, created)
        refuse_open(running.server.addresses, fleet.gateway)
        if running.tls is not None and fleet.gateway.tls is not None:
            load_certificate(running.tls, fleet.gateway.tls, job.file.parent)
        running.launcher.programs = new.programs
        running.instances.replace(new.plan.instances)
        running.server.replace(gateway, limits_of(fleet.gateway.limits))
        self.planned = new
        running.dispatcher.emit(PolicyChanged(new.policy))
        before, after = old.plan.instances, new.plan.instances
        common = [model for model in after if model in before]
        return Reloaded(
            keys=len(fleet.gateway.keys),
            routes=len(fleet.routes),
            models=len(after),
            added=tuple(model for model in after if model not in before),
            changed=tuple(model for model in common if before[model].fingerprint != after[model].fingerprint),
            removed=tuple(model for model in before if model not in after),
            needs_restart=tuple(self._not_in_force(fleet)),
        )

    def _not_in_force(self, fleet: Fleet) -> Iterator[str]:
        """What differs from what the daemon was started with and only a new one can change."""
        began = self._job.fleet.gateway
        for key in ("listen", "tls", "access_log"):
            if getattr(fleet.gateway, key) != getattr(began, key):
                yield f"gateway.{key}"
