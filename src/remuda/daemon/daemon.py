"""`remuda up` without its printing: plan, listen, serve until told to end, leave nothing behind.

Nothing is started before everything that can be known beforehand is known: the lock, the plan, the programs that run
the engines. Engines are left running only by a daemon that is killed; the next one finds them in its records.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from remuda.daemon import report
from remuda.daemon.control import ControlServer
from remuda.daemon.dispatcher import Dispatcher
from remuda.daemon.gateway import gateway_of
from remuda.daemon.instances import Instances
from remuda.daemon.launcher import Launcher
from remuda.daemon.status import Status
from remuda.edge.http.server import GatewayServer
from remuda.edge.lock import Lock
from remuda.edge.paths import Places, places
from remuda.edge.probes.host import host
from remuda.edge.programs import find_program
from remuda.edge.records import Records
from remuda.edge.secrets import Resolver
from remuda.engines import ENGINES
from remuda.errors import EffectError, Problem, UnsatisfiableError
from remuda.plan.plan import Instance, Plan, decide
from remuda.residency.policy import policy_of
from remuda.residency.residency import Residency
from remuda.spec.fleet import Fleet
from remuda.spec.listen import Listen

GRACE_S = 30.0

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Job:
    """What a daemon is to do: a fleet, where its file lies, and what the command line changed.

    `only` narrows the fleet to these models, `listen` replaces the file's address. `environment` is what engines
    inherit and references are resolved from.
    """

    fleet: Fleet
    file: Path
    environment: Mapping[str, str]
    only: tuple[str, ...] = ()
    listen: Listen | None = None


class Daemon:
    """One run of a job. `reporter` is told what happens."""

    def __init__(self, job: Job, reporter: report.Reporter) -> None:
        self._job = job
        self._report = reporter
        self._signals: asyncio.Queue[int] = asyncio.Queue()

    async def run(self) -> int:
        """Serve until SIGINT, SIGTERM or SIGHUP; returns which. A second one ends everything at once."""
        with self._catching_signals():
            at = places(self._job.file)
            at.make()
            lock = Lock(at.lock)
            try:
                return await self._serve(at)
            finally:
                lock.release()

    async def _serve(self, at: Places) -> int:
        plan = self._plan(Records(at.instances))
        launcher = Launcher(self._programs(plan), at, self._job.file.parent.resolve(), self._job.environment)
        residency = Residency(policy_of(plan))
        dispatcher = Dispatcher(residency)
        instances = Instances(plan.instances, launcher, at, emit=dispatcher.emit, reporter=self._report)
        dispatcher.attach(instances)
        resolver = Resolver(self._job.file.parent, self._job.environment)
        gateway = gateway_of(self._job.fleet, plan, resolver, int(self._job.file.stat().st_mtime))
        listen = self._job.listen or self._job.fleet.gateway.listen
        async with contextlib.AsyncExitStack() as stack:
            server = await GatewayServer.bind(listen.host, listen.port, gateway, dispatcher)
            stack.push_async_callback(server.drain, 0)
            await instances.take_over()
            status = Status(self._job.file, server.url, at, plan.instances, residency, dispatcher, instances)
            control = ControlServer(status, at.socket)
            control.start()
            stack.push_async_callback(control.close)
            await server.accept()
            self._report(report.Serving(server.url))
            return await self._until_ended(server, status)

    async def _until_ended(self, server: GatewayServer, status: Status) -> int:
        """Wait for a signal, then finish what is being answered and stop the engines."""
        async with asyncio.TaskGroup() as tasks:
            housekeeping = tasks.create_task(status.instances.bound_logs())
            ended_by = await self._signals.get()
            impatience = tasks.create_task(self._kill_at_next_signal(status.dispatcher))
            self._report(report.ShuttingDown(status.in_flight))
            await asyncio.gather(server.drain(GRACE_S), status.dispatcher.shut_down(GRACE_S))
            housekeeping.cancel()
            impatience.cancel()
        return ended_by

    async def _kill_at_next_signal(self, dispatcher: Dispatcher) -> None:
        await self._signals.get()
        dispatcher.kill()

    def _plan(self, records: Records) -> Plan:
        held: dict[str, int] = {}
        for record in records.load():
            if record.identity.is_alive:
                for device, claim in record.claims.items():
                    held[device] = held.get(device, 0) + claim
        plan = decide(self._job.fleet, host().with_freed(held), only=self._job.only)
        for note in plan.notes:
            self._report(report.Noted(note))
        return plan

    def _programs(self, plan: Plan) -> dict[str, tuple[str, ...]]:
        """The program of every model's engine; refuses, all at once, what is not there or cannot be planned."""
        programs: dict[str, tuple[str, ...]] = {}
        refusals = list(plan.refusals)
        for model, instance in plan.instances.items():
            try:
                programs[model] = self._program(instance)
            except (UnsatisfiableError, EffectError) as error:
                refusals.append(Problem(error.message, path=("models", model, "engine"), hint=error.hint))
        if refusals:
            raise UnsatisfiableError("this fleet cannot be run here", problems=refusals)
        return programs

    def _program(self, instance: Instance) -> tuple[str, ...]:
        if instance.runtime == "external" or instance.cmd:
            return ()
        executable = instance.executable
        if executable and "/" in executable:
            executable = str(self._job.file.parent.resolve() / Path(executable).expanduser())
        return find_program(ENGINES[instance.engine], executable)

    @contextlib.contextmanager
    def _catching_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in _ENDING:
            loop.add_signal_handler(number, self._signals.put_nowait, number)
        try:
            yield
        finally:
            for number in _ENDING:
                loop.remove_signal_handler(number)
