"""`remuda up` without its printing: plan, listen, serve until told to end, leave nothing behind.

Nothing is started before everything that can be known beforehand is known: the lock, the plan, the programs that run
the engines. Engines are left running only by a daemon that is killed; the next one finds them in its records.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from remuda.daemon import report
from remuda.daemon.books import Books, access_log, open_books
from remuda.daemon.containers import Containers
from remuda.daemon.control.operation import Control
from remuda.daemon.control.server import ControlServer
from remuda.daemon.dispatcher import Dispatcher
from remuda.daemon.gateway import gateway_of, limits_of, tls_of
from remuda.daemon.instances import Instances
from remuda.daemon.job import Job
from remuda.daemon.launcher import Launcher
from remuda.daemon.measuring import Measuring, Surroundings
from remuda.daemon.planning import Planned, Planner
from remuda.daemon.processes import Processes
from remuda.daemon.reload import Reloaded, Reloader, Running
from remuda.daemon.runtimes import Runtime
from remuda.daemon.status import Status
from remuda.daemon.watching import watch
from remuda.edge.cgroups import find_cgroups
from remuda.edge.containers.argv import TOOLS
from remuda.edge.containers.cli import find
from remuda.edge.http.bypass import Bypass
from remuda.edge.http.frontend import Service, Ways
from remuda.edge.http.seam import Endpoint
from remuda.edge.http.server import GatewayServer
from remuda.edge.lock import Lock
from remuda.edge.orphans import Reaper, adopt_orphans
from remuda.edge.paths import Places, places
from remuda.edge.probes.host import probe_devices
from remuda.edge.records import Records
from remuda.edge.secrets import Resolver
from remuda.edge.terminal import has_terminal
from remuda.errors import Problem, RemudaError
from remuda.plan.container import Contained
from remuda.plan.plan import Instance
from remuda.residency.events import PreloadAsked
from remuda.residency.residency import Residency

GRACE_S = 30.0

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_HOUSEKEEPING_S = 5.0


@dataclass(frozen=True, slots=True)
class _Parts:
    """A daemon that serves."""

    server: GatewayServer
    status: Status
    books: Books
    reloader: Reloader
    measuring: Measuring


class Daemon:
    """One run of a job. `reporter` is told what happens."""

    def __init__(self, job: Job, reporter: report.Reporter) -> None:
        self._job = job
        self._report = reporter
        self._signals: asyncio.Queue[int] = asyncio.Queue()

    async def run(self) -> int:
        """Serve until SIGINT or SIGTERM; returns which. A second one ends everything at once.

        SIGHUP ends it as well where it has a terminal, which has gone then; elsewhere it reads the fleet file again.
        """
        with self._catching_signals():
            at = places(self._job.file)
            at.make()
            lock = Lock(at.lock)
            try:
                return await self._serve(at)
            finally:
                lock.release()

    async def _serve(self, at: Places) -> int:
        job = self._job
        planner = Planner(job, probe_devices().with_freed(_held(Records(at.instances))))
        planned = planner.plan(job.fleet)
        self._note(planned)
        directory = job.file.parent.resolve()
        launcher = Launcher(planned.programs, at, directory, job.environment, self._runtimes(planned, at))
        residency = Residency(planned.policy)
        dispatcher = Dispatcher(residency)
        resolver = Resolver(job.file.parent, job.environment)
        gateway = gateway_of(job.fleet, planned.plan.instances, resolver, dispatcher, int(job.file.stat().st_mtime))
        tls = tls_of(job.fleet.gateway.tls, job.file.parent)
        control_at = Endpoint("localhost", 0, unix=str(at.socket))
        ways = Ways(dispatcher, Bypass(dispatcher.look), Bypass(lambda _: control_at))
        listen = job.listen or job.fleet.gateway.listen
        async with contextlib.AsyncExitStack() as stack:
            books = await open_books(at.usage, access_log(job.fleet.gateway.access_log, job.file.parent), self._report)
            stack.push_async_callback(books.close)
            self._report = report.both(books.tell, self._report)
            instances = Instances(planned.plan.instances, launcher, at, emit=dispatcher.emit, reporter=self._report)
            dispatcher.attach(instances)
            service = Service(gateway, ways, books.accounts, limits_of(job.fleet.gateway.limits), tls)
            server = await GatewayServer.bind(listen.host, listen.port, service)
            stack.push_async_callback(server.drain, 0)
            reloader = Reloader(job, planner, planned, Running(dispatcher, instances, launcher, server, tls))
            around = Surroundings(launcher, dispatcher, lambda: reloader.planned.plan, self._report)
            measuring = Measuring(planner.devices, at, around)
            instances.upkeep = measuring.memory
            stack.push_async_callback(measuring.memory.close)
            await measuring.memory.calibrate()
            await instances.take_over()
            measuring.recall()
            status = Status(job.file, server.url, at, residency, dispatcher, instances)
            parts = _Parts(server, status, books, reloader, measuring)
            control = ControlServer(Control(status, books, lambda: self._reload(parts)), at.socket)
            control.start()
            stack.push_async_callback(control.close)
            await server.accept()
            _spare_what_stays()
            self._report(report.Serving(server.url))
            dispatcher.emit(PreloadAsked())
            return await self._until_ended(parts)

    async def _until_ended(self, parts: _Parts) -> int:
        """Wait for a signal to end, then finish what is being answered and stop the engines."""
        dispatcher = parts.status.dispatcher
        async with asyncio.TaskGroup() as tasks:
            chores = [
                tasks.create_task(parts.measuring.memory.keep()),
                tasks.create_task(self._keep_house(parts.status.instances)),
                tasks.create_task(parts.books.keep()),
            ]
            if self._job.watches:
                chores.append(tasks.create_task(watch(self._job.file, lambda: self._apply_edit(parts))))
            while (ended_by := await self._signals.get()) == signal.SIGHUP and not has_terminal():
                chores.append(tasks.create_task(self._apply_edit(parts)))
            chores.append(tasks.create_task(self._kill_at_next_signal(dispatcher)))
            self._report(report.ShuttingDown(parts.status.in_flight))
            await asyncio.gather(parts.server.drain(GRACE_S), dispatcher.shut_down(GRACE_S))
            for chore in chores:
                chore.cancel()
        return ended_by

    async def _kill_at_next_signal(self, dispatcher: Dispatcher) -> None:
        await self._signals.get()
        dispatcher.kill()

    async def _keep_house(self, instances: Instances) -> None:
        """What has to be done now and then, for ever."""
        reaper = Reaper()
        while True:
            await asyncio.sleep(_HOUSEKEEPING_S)
            instances.bound_logs()
            reaper.reap()

    async def _reload(self, parts: _Parts) -> Reloaded:
        """Reload, and tell whoever watches what came of it. Raises RemudaError."""
        try:
            reloaded = await parts.reloader.reload()
        except RemudaError as error:
            why = "; ".join((error.message, *(problem.message for problem in error.problems)))
            self._report(report.FileRead(f"the fleet file cannot be used, everything stays as it was: {why}"))
            raise
        parts.measuring.recall()
        self._report(report.FileRead(f"the fleet file is in force: {reloaded}"))
        return reloaded

    async def _apply_edit(self, parts: _Parts) -> None:
        """Reload when nobody waits for the answer; what goes wrong must not end the daemon."""
        try:
            with contextlib.suppress(RemudaError):  # it has been told
                await self._reload(parts)
        except Exception as error:  # noqa: BLE001
            self._report(report.Trouble("applying the fleet file", repr(error)))

    def _runtimes(self, planned: Planned, at: Places) -> Mapping[str, Runtime]:
        """Every runtime, ready to be used."""
        adopt_orphans()
        processes = Processes(self._job.file.parent.resolve(), self._job.environment, find_cgroups())
        for model, instance in planned.plan.instances.items():
            for key in processes.unenforced(instance) if instance.runtime == "process" else ():
                message = f"`limits.{key}` of `{model}` is not enforced: this process may not make cgroups for it"
                path, hint = ("models", model, "limits"), "run it as root, or as a systemd unit with `Delegate=yes`"
                self._report(report.Noted(Problem(message, path=path, hint=hint, severity="warning")))
        return {"process": processes, **self._containers(at)}

    def _containers(self, at: Places) -> Mapping[str, Runtime]:
        directory, environment = self._job.file.parent.resolve(), self._job.environment
        return {
            name: Containers(find(name, environment), at.runtime.name, directory, at.runtime, _contained)
            for name in TOOLS
        }

    def _note(self, planned: Planned) -> None:
        for note in planned.plan.notes:
            self._report(report.Noted(note))

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


def _contained(instance: Instance) -> Contained:
    assert instance.contained is not None, f"{instance.model_id} has no image"  # noqa: S101  such a plan is refused
    return instance.contained


def _held(records: Records) -> Mapping[str, int]:
    """Bytes of each device that engines of an earlier daemon still use, which are this fleet's own."""
    held: dict[str, int] = {}
    for record in records.load():
        if record.identity.is_alive:
            for device, claim in record.claims.items():
                held[device] = held.get(device, 0) + claim
    return held


def _spare_what_stays() -> None:
    """What is here now stays: to look through it again and again for garbage would hold up requests."""
    gc.collect()
    gc.freeze()
