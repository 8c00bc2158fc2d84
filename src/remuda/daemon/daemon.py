"""`remuda up` without its printing: plan, listen, serve until told to end, leave nothing behind.

Nothing is started before everything that can be known beforehand is known: the lock, the plan, the programs that run
the engines. Engines are left running only by a daemon that is killed; the next one finds them in its records.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
from collections.abc import Iterator
from pathlib import Path

from remuda.daemon import report
from remuda.daemon.books import Books, access_log, open_books
from remuda.daemon.control.operation import Control
from remuda.daemon.control.server import ControlServer
from remuda.daemon.dispatcher import Dispatcher
from remuda.daemon.gateway import gateway_of, limits_of, tls_of
from remuda.daemon.instances import Instances
from remuda.daemon.job import Job
from remuda.daemon.launcher import Launcher
from remuda.daemon.reload import Reloader
from remuda.daemon.status import Status
from remuda.edge.http.bypass import Bypass
from remuda.edge.http.frontend import Service, Ways
from remuda.edge.http.seam import Endpoint
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

GRACE_S = 30.0

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


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
        resolver = Resolver(self._job.file.parent, self._job.environment)
        gateway = gateway_of(self._job.fleet, plan.instances, resolver, dispatcher, int(self._job.file.stat().st_mtime))
        tls = tls_of(self._job.fleet.gateway.tls, self._job.file.parent)
        control_at = Endpoint("localhost", 0, unix=str(at.socket))
        ways = Ways(dispatcher, Bypass(dispatcher.look), Bypass(lambda _: control_at))
        listen = self._job.listen or self._job.fleet.gateway.listen
        async with contextlib.AsyncExitStack() as stack:
            log = access_log(self._job.fleet.gateway.access_log, self._job.file.parent)
            books = await open_books(at.usage, log, self._report)
            stack.push_async_callback(books.close)
            tell = report.both(books.tell, self._report)
            instances = Instances(plan.instances, launcher, at, emit=dispatcher.emit, reporter=tell)
            dispatcher.attach(instances)
            service = Service(gateway, ways, books.accounts, limits_of(self._job.fleet.gateway.limits), tls)
            server = await GatewayServer.bind(listen.host, listen.port, service)
            stack.push_async_callback(server.drain, 0)
            await instances.take_over()
            status = Status(self._job.file, server.url, at, plan.instances, residency, dispatcher, instances)
            reloader = Reloader(self._job, plan, self._host, dispatcher)
            control = ControlServer(Control(status, books, lambda: reloader.reload(server, tls)), at.socket)
            control.start()
            stack.push_async_callback(control.close)
            await server.accept()
            # What is here now stays; to look through it again and again for garbage would hold up requests.
            gc.collect()
            gc.freeze()
            tell(report.Serving(server.url))
            return await self._until_ended(server, status, books)

    async def _until_ended(self, server: GatewayServer, status: Status, books: Books) -> int:
        """Wait for a signal, then finish what is being answered and stop the engines."""
        async with asyncio.TaskGroup() as tasks:
            housekeeping = tasks.create_task(status.instances.bound_logs())
            bookkeeping = tasks.create_task(books.keep())
            ended_by = await self._signals.get()
            impatience = tasks.create_task(self._kill_at_next_signal(status.dispatcher))
            self._report(report.ShuttingDown(status.in_flight))
            await asyncio.gather(server.drain(GRACE_S), status.dispatcher.shut_down(GRACE_S))
            housekeeping.cancel()
            bookkeeping.cancel()
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
        self._host = host().with_freed(held)
        plan = decide(self._job.fleet, self._host, only=self._job.only)
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
