"""Reads the fleet file again while the daemon runs, and applies what can be applied without touching an engine.

That is all that the gateway decides by: keys and their limits, routes, aliases, what is changed in requests, bounds,
the certificate. What a running engine was started with, or what residency was told of devices, waits for the next start
and is named. A file that cannot be used changes nothing at all.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import dataclass, replace

from remuda.daemon.gateway import gateway_of, limits_of, load_certificate
from remuda.daemon.job import Job
from remuda.edge.http.server import GatewayServer
from remuda.edge.secrets import Resolver
from remuda.errors import EffectError, UnsatisfiableError
from remuda.facts.host import Host
from remuda.gateway.live import Live
from remuda.plan.check import load_fleet
from remuda.plan.plan import Instance, Plan, decide
from remuda.spec.fleet import Fleet


@dataclass(frozen=True, slots=True)
class Reloaded:
    """What came of it: `needs_restart` names what has changed in the file and is not in force."""

    keys: int
    routes: int
    models: int
    needs_restart: tuple[str, ...]


class Reloader:
    """Reloads for one running daemon."""

    def __init__(self, job: Job, plan: Plan, host: Host, live: Live) -> None:
        self._job = job
        self._plan = plan
        self._host = host
        self._live = live

    async def reload(self, server: GatewayServer, tls: ssl.SSLContext | None) -> Reloaded:
        """Apply the file as it is now. Raises RemudaError, and then nothing has changed."""
        job = self._job
        fleet = self._read()
        plan = decide(fleet, self._host, only=job.only)
        if plan.refusals:
            raise UnsatisfiableError("this fleet cannot be run here", problems=plan.refusals)
        served = {model: plan.instances[model] for model in self._plan.instances if model in plan.instances}
        resolver = Resolver(job.file.parent, job.environment)
        gateway = gateway_of(fleet, served, resolver, self._live, int(job.file.stat().st_mtime))
        if tls is not None and fleet.gateway.tls is not None:
            load_certificate(tls, fleet.gateway.tls, job.file.parent)
        server.replace(gateway, limits_of(fleet.gateway.limits))
        return Reloaded(
            keys=len(fleet.gateway.keys),
            routes=len(fleet.routes),
            models=len(served),
            needs_restart=tuple(sorted(self._not_in_force(fleet, plan))),
        )

    def _read(self) -> Fleet:
        try:
            text = self._job.file.read_bytes()
        except OSError as error:
            message = f"cannot read `{self._job.file}`: {error.strerror}"
            raise EffectError(message, hint="put the file back, then reload again") from error
        return load_fleet(text, str(self._job.file))[0]

    def _not_in_force(self, fleet: Fleet, plan: Plan) -> Iterator[str]:
        """What differs from what the daemon was started with, by its place in the file."""
        began = self._job.fleet
        for key in ("listen", "tls", "access_log"):
            if getattr(fleet.gateway, key) != getattr(began.gateway, key):
                yield f"gateway.{key}"
        if fleet.residency != began.residency:
            yield "residency"
        for model in self._plan.instances.keys() | plan.instances.keys():
            if not _is_same(self._plan.instances.get(model), plan.instances.get(model)):
                yield f"models.{model}"


def _is_same(running: Instance | None, wanted: Instance | None) -> bool:
    """Whether the instance that there can be is the one that is wanted."""
    if running is None or wanted is None:
        return False
    return running == replace(wanted, serving=running.serving)
