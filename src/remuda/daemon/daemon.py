"""`remuda up` without its printing: plan, listen, serve until told to end, leave nothing behind.

Nothing is started before everything that can be known beforehand is known: the lock, the plan, the programs that run
the engines. Engines are left running by a daemon that is killed, told to leave them, or replaced
(`remuda.daemon.ending`); the next one finds them in its records.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from remuda.daemon import report
from remuda.daemon.books import Books, access_log, open_books
from remuda.daemon.containers import Containers
from remuda.daemon.control.operation import Control
from remuda.daemon.control.server import ControlServer
from remuda.daemon.dispatcher import Dispatcher
from remuda.daemon.ending import Asks, End, Ending
from remuda.daemon.following import Following
from remuda.daemon.gateway import gateway_of, limits_of, refuse_open, tls_of
from remuda.daemon.instances import Instances
from remuda.daemon.job import Job
from remuda.daemon.launcher import Launcher
from remuda.daemon.measuring import Measuring, Surroundings
from remuda.daemon.planning import Planned, planner_of
from remuda.daemon.processes import Processes
from remuda.daemon.reload import Reloaded, Reloader, Running
from remuda.daemon.runtimes import Runtime
from remuda.daemon.status import Status
from remuda.daemon.units import Units
from remuda.daemon.watching import watch
from remuda.edge import engine_log
from remuda.edge.cgroups import find_cgroups
from remuda.edge.containers.argv import TOOLS
from remuda.edge.containers.cli import find
from remuda.edge.descriptors import make_room
from remuda.edge.handover import NOTHING, Estate, hold_signals, let_signals_come
from remuda.edge.http import listeners
from remuda.edge.http.bypass import Bypass
from remuda.edge.http.frontend import Service, Ways
from remuda.edge.http.seam import Endpoint
from remuda.edge.http.server import GatewayServer
from remuda.edge.itself import rehearse
from remuda.edge.lock import Lock
from remuda.edge.orphans import Reaper, adopt_orphans
from remuda.edge.paths import Places, places
from remuda.edge.peaks import Peaks
from remuda.edge.scopes import find_scopes
from remuda.edge.secrets import Resolver
from remuda.edge.terminal import has_terminal
from remuda.errors import Problem, RemudaError
from remuda.plan.container import Contained
from remuda.plan.plan import Instance
from remuda.residency.events import PreloadAsked
from remuda.residency.residency import Residency
from remuda.spec.listen import parse_listen

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_HOUSEKEEPING_S = 5.0
_GARBAGE = (10_000, 20, 20)


@dataclass(frozen=True, slots=True)
class _Parts:
    """A daemon that serves."""

    server: GatewayServer
    status: Status
    books: Books
    reloader: Reloader
    measuring: Measuring
    units: Units
    following: Following


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run was over; with `End.REPLACE` also what the program that takes this one's place is handed."""

    how: End
    estate: Estate = NOTHING


class Daemon:
    """One run of a job. `reporter` is told what happens."""

    def __init__(self, job: Job, reporter: report.Reporter) -> None:
        self._job = job
        self._report = reporter
        self._asks: Asks = asyncio.Queue()
        self._elsewhere: tuple[socket.socket, ...] = ()

    async def run(self) -> Ended:
        """Serve until SIGINT or SIGTERM, or until asked to end. A second signal ends everything at once.

        SIGHUP ends it as well where it has a terminal, which has gone then; elsewhere it reads the fleet file again.
        """
        make_room()
        with self._catching_signals():
            at = places(self._job.file)
            at.make()
            lock = Lock(at.lock, self._job.estate.lock)
            try:
                ended = await self._serve(at, lock)
            finally:
                lock.release()
            if ended.how is End.REPLACE:
                hold_signals(_ENDING)
            return ended

    async def _serve(self, at: Places, lock: Lock) -> Ended:
        job, peaks = self._job, Peaks(at.peaks)
        planner = planner_of(job, at, peaks)
        planned = planner.plan(job.fleet)
        self._note(planned)
        directory = job.file.parent.resolve()
        units = Units(job.environment)
        launcher = Launcher(planned.programs, at, directory, job.environment, self._runtimes(planned, at, units))
        residency = Residency(planned.policy)
        dispatcher = Dispatcher(residency)
        resolver = Resolver(job.file.parent, job.environment)
        gateway = gateway_of(job.fleet, planned.plan.instances, resolver, dispatcher, int(job.file.stat().st_mtime))
        tls = tls_of(job.fleet.gateway.tls, job.file.parent)
        control_at = Endpoint("localhost", 0, unix=str(at.socket))
        ways = Ways(dispatcher, Bypass(dispatcher.look), Bypass(lambda _: control_at))
        async with contextlib.AsyncExitStack() as stack:
            stack.callback(units.close)
            books = await open_books(at.usage, access_log(job.fleet.gateway.access_log, job.file.parent), self._report)
            stack.push_async_callback(books.close)
            self._report = report.both(books.tell, self._report)
            instances = Instances(planned.plan.instances, launcher, at, emit=dispatcher.emit, reporter=self._report)
            dispatcher.attach(instances)
            service = Service(gateway, ways, books.accounts, limits_of(job.fleet.gateway.limits), tls)
            server = await GatewayServer.on(await asyncio.to_thread(self._sockets), service)
            stack.push_async_callback(server.drain, 0)
            refuse_open(server.addresses, job.fleet.gateway)
            reloader = Reloader(job, planner, planned, Running(dispatcher, instances, launcher, server, tls))
            around = Surroundings(launcher, dispatcher, lambda: reloader.planned.plan, self._report)
            measuring = Measuring(planner.devices, peaks, around)
            instances.watch_memory(measuring.memory)
            stack.push_async_callback(measuring.memory.close)
            await instances.take_over()
            # Only now: what engines of ours hold that have been taken over is no other program's.
            await measuring.memory.calibrate()
            measuring.recall()
            status = Status(job.file.absolute(), server.url, at, residency, dispatcher, instances)
            parts = _Parts(
                server, status, books, reloader, measuring, units, Following(units, instances, dispatcher, self._report)
            )
            control = ControlServer(
                Control(status, books, lambda: self._reload(parts), self._replace, partial(self._end, dispatcher)),
                at.socket,
            )
            control.start(job.estate.control)
            stack.push_async_callback(control.close)
            await server.accept()
            await self._begin(parts)
            return await self._until_ended(parts, control, lock)

    async def _begin(self, parts: _Parts) -> None:
        """Load what is to be there, once everything can be asked for; what systemd runs already comes first."""
        _spare_what_stays()
        self._report(report.Serving(parts.server.url))
        await parts.following.look()
        parts.status.dispatcher.emit(PreloadAsked())

    def _sockets(self) -> tuple[socket.socket, ...]:
        """Where the gateway answers: what was handed to this process, else what the job says."""
        inherited = tuple(map(listeners.inherited, self._job.estate.gateway))
        return inherited or listeners.take(self._job.address)

    async def _until_ended(self, parts: _Parts, control: ControlServer, lock: Lock) -> Ended:
        """Wait until asked to end, and do so."""
        ending = Ending(parts.server, parts.status, self._asks, self._report)
        async with asyncio.TaskGroup() as tasks:
            chores = [
                tasks.create_task(parts.measuring.memory.keep()),
                tasks.create_task(self._keep_house(parts.status)),
                tasks.create_task(parts.books.keep()),
                tasks.create_task(parts.following.keep()),
            ]
            if self._job.watches:
                chores.append(tasks.create_task(watch(self._job.file, lambda: self._apply_edit(parts))))
            while (asked := await self._asks.get()) is None:
                chores.append(tasks.create_task(self._apply_edit(parts)))
            how = await ending.end(await self._meant(asked, parts))
            for chore in chores:
                chore.cancel()
        if how is not End.REPLACE:
            return Ended(how)
        listening = tuple(sock.detach() for sock in self._elsewhere) or ending.listening
        lock_copy = os.dup(lock.descriptor)
        return Ended(how, Estate(listening, control.hand_over(), lock_copy, is_of_unit=self._job.estate.is_of_unit))

    async def _meant(self, asked: End, parts: _Parts) -> End:
        """What a signal means: systemd sends the same one to restart this daemon as to stop it.

        Engines in units of their own outlive this one's; any other would be ended with it.
        """
        instances = parts.reloader.planned.plan.instances.values()
        is_apart = all(instance.runtime in {"systemd", "external"} for instance in instances)
        if asked is End.STOP and is_apart and await parts.units.is_restarting():
            return End.LEAVE
        return asked

    def _end(self, dispatcher: Dispatcher, how: End) -> None:
        """End as a program asks; to ask twice is no sign of impatience, as a second signal is."""
        if how is End.KILL or not dispatcher.is_ending():
            self._asks.put_nowait(how)

    async def _replace(self) -> None:
        """Give way to a fresh daemon, if one could begin with the file as it is. Raises RemudaError."""
        job = self._job
        told = await rehearse([*job.words, "--dry-run", "--json"], job.environment)
        wanted = parse_listen(told["listen"])
        if wanted != job.address and not job.estate.is_of_unit:
            self._elsewhere = await asyncio.to_thread(listeners.open_now, wanted)
        self._asks.put_nowait(End.REPLACE)

    async def _keep_house(self, status: Status) -> None:
        """What has to be done now and then, for ever."""
        reaper = Reaper()
        while True:
            await asyncio.sleep(_HOUSEKEEPING_S)
            status.instances.bound_logs()
            with contextlib.suppress(OSError):  # as with the logs of engines
                engine_log.bound(status.places.daemon_log)
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

    def _runtimes(self, planned: Planned, at: Places, units: Units) -> Mapping[str, Runtime]:
        """Every runtime, ready to be used."""
        adopt_orphans()
        environment = self._job.environment
        processes = Processes(self._job.file.parent.resolve(), environment, find_cgroups() or find_scopes(environment))
        for model, instance in planned.plan.instances.items():
            for key in processes.unenforced(instance) if instance.runtime == "process" else ():
                message = f"`limits.{key}` of `{model}` is not enforced: this process may not make cgroups for it"
                path, hint = (
                    ("models", model, "limits"),
                    "run it as root, in a systemd unit with `Delegate=yes`, or with a systemd of its user",
                )
                self._report(report.Noted(Problem(message, path=path, hint=hint, severity="warning")))
        return {"process": processes, "systemd": units, **self._containers(at)}

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
        loop.add_signal_handler(signal.SIGINT, self._asks.put_nowait, End.INTERRUPT)
        loop.add_signal_handler(signal.SIGTERM, self._asks.put_nowait, End.STOP)
        loop.add_signal_handler(signal.SIGHUP, lambda: self._asks.put_nowait(End.STOP if has_terminal() else None))
        let_signals_come(_ENDING)
        try:
            yield
        finally:
            for number in _ENDING:
                loop.remove_signal_handler(number)


def _contained(instance: Instance) -> Contained:
    assert instance.contained is not None, f"{instance.model_id} has no image"  # noqa: S101  such a plan is refused
    return instance.contained


def _spare_what_stays() -> None:
    """What is here now stays: to look through it again and again for garbage would hold up requests.

    So would what a burst of streams brings: they live, and there is nothing to find.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GARBAGE)
