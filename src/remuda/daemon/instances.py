"""Carries out residency's `Start` and `Stop`: processes, external servers, adoption.

Each attempt is one task that brings the instance up, says that it is ready, and then waits for it to end. To stop is to
cancel that task and end the process. Whatever happens, an attempt ends in exactly one event, and only after nothing of
the instance is left; so residency may count its memory as free.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

from remuda.daemon import report
from remuda.daemon.launcher import Launcher, StartError
from remuda.edge import engine_log
from remuda.edge.http.seam import Endpoint
from remuda.edge.paths import Places
from remuda.edge.process import Identity, Process, adopt
from remuda.edge.readiness import answers
from remuda.edge.records import Record, Records
from remuda.engines import ENGINES, failure
from remuda.engines.contract import Failure, FailureKind, Readiness
from remuda.errors import EffectError, RemudaError
from remuda.plan.plan import Instance
from remuda.residency.events import Event, InstanceAdopted, InstanceFailed, InstanceReady, InstanceStopped

_EXTERNAL_CHECK_S = 10.0
_LOG_CHECK_S = 5.0
_DOUBT_S = 2.0


@dataclass(slots=True)
class _Attempt:
    """What runs, or is being brought up, for one model."""

    number: int
    began: float
    task: asyncio.Task[None] | None = None
    process: Process | None = None
    endpoint: Endpoint | None = None
    is_stopping: bool = False
    doubted: asyncio.Event = field(default_factory=asyncio.Event)


_Run = Callable[[Instance, _Attempt], Coroutine[Any, Any, None]]


class Instances:
    """The instances of one fleet. `emit` takes the events, `reporter` the reports."""

    def __init__(
        self,
        instances: Mapping[str, Instance],
        launcher: Launcher,
        places: Places,
        *,
        emit: Callable[[Event], None],
        reporter: report.Reporter,
    ) -> None:
        self._instances = instances
        self._launcher = launcher
        self._places = places
        self._records = Records(places.instances)
        self._emit = emit
        self._report = reporter
        self._attempts: dict[str, _Attempt] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def endpoint(self, model: str) -> Endpoint:
        """Where the model's ready instance listens."""
        endpoint = self._attempts[model].endpoint
        assert endpoint is not None, f"{model} is not ready"  # noqa: S101  residency grants only what is ready
        return endpoint

    def pid(self, model: str) -> int | None:
        """The process of the model's instance, while there is one."""
        attempt = self._attempts.get(model)
        return attempt.process.pid if attempt and attempt.process else None

    def address(self, model: str) -> str | None:
        """The base URL of the model's instance, while it is ready."""
        attempt = self._attempts.get(model)
        return attempt.endpoint.url if attempt and attempt.endpoint else None

    def start(self, model: str, number: int) -> None:
        """Bring an instance up; answered by an event."""
        attempt = _Attempt(number, asyncio.get_running_loop().time())
        self._attempts[model] = attempt
        self._report(report.Starting(model))
        instance = self._instances[model]
        run = self._run_external if instance.runtime == "external" else self._run_process
        attempt.task = self._spawn(f"running {model}", self._run(instance, attempt, run))

    def stop(self, model: str, *, reason: str, kill: bool) -> None:
        """End an instance, also one that is still starting; answered by `InstanceStopped`."""
        attempt = self._attempts[model]
        if attempt.is_stopping:
            if attempt.process:
                self._spawn(f"killing {model}", attempt.process.sweep())
            return
        attempt.is_stopping = True
        if attempt.task:
            attempt.task.cancel()
        self._report(report.Stopping(model, reason))
        self._spawn(f"stopping {model}", self._stop(model, attempt, kill=kill))

    async def look_into(self, model: str) -> None:
        """Somebody could not connect: return when the instance has been seen to end, or has not for a while.

        A process closes its sockets before its end can be seen, so the two are told apart by waiting.
        """
        attempt = self._attempts.get(model)
        if attempt and attempt.task:
            attempt.doubted.set()
            await asyncio.wait((attempt.task,), timeout=_DOUBT_S)

    async def take_over(self) -> None:
        """Adopt what an earlier daemon left running and still fits the fleet; end the rest."""
        await asyncio.gather(*(self._take_over(record) for record in self._records.load()))

    async def bound_logs(self) -> None:
        """Keep every log within its size, for ever."""
        while True:
            for model in self._instances:
                with contextlib.suppress(OSError):  # the next look may find the file in a better state
                    engine_log.bound(self._places.log(model))
            await asyncio.sleep(_LOG_CHECK_S)

    def _spawn(self, doing: str, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work, name=doing)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self._report(report.Trouble(task.get_name(), repr(error)))

    async def _run(self, instance: Instance, attempt: _Attempt, run: _Run) -> None:
        try:
            await run(instance, attempt)
        except Exception as error:  # noqa: BLE001 (residency must hear of the end, whatever the cause)
            if attempt.process:
                await self._end(instance, attempt.process, kill=True)
            reason = error.message if isinstance(error, RemudaError) else repr(error)
            message = f"remuda cannot run `{instance.model_id}`: {reason}"
            self._fail(instance, attempt, Failure(FailureKind.EXITED, message))

    async def _run_process(self, instance: Instance, attempt: _Attempt) -> None:
        def spawned(process: Process, endpoint: Endpoint) -> None:
            attempt.process = process
            self._records.add(self._record(instance, attempt.number, process.identity, endpoint.port))

        try:
            attempt.process, attempt.endpoint = await self._launcher.launch(instance, spawned)
        except StartError as error:
            self._fail(instance, attempt, error.failure)
            return
        self._ready(instance.model_id, attempt)
        await self._watch(instance, attempt)

    async def _watch(self, instance: Instance, attempt: _Attempt) -> None:
        assert attempt.process is not None  # noqa: S101  both callers have set it
        returncode = await asyncio.shield(attempt.process.exited)
        await attempt.process.sweep()
        lines = engine_log.tail(self._places.log(instance.model_id), failure.READ_LINES)
        self._fail(instance, attempt, failure.explain(ENGINES[instance.engine], returncode=returncode, lines=lines))

    async def _run_external(self, instance: Instance, attempt: _Attempt) -> None:
        endpoint = self._launcher.external(instance)
        readiness = Readiness(instance.ready or None)
        if await answers(endpoint, readiness):
            attempt.endpoint = await self._launcher.known(instance, endpoint)
            self._ready(instance.model_id, attempt)
            while await answers(endpoint, readiness):
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(attempt.doubted.wait(), _EXTERNAL_CHECK_S)
                attempt.doubted.clear()
        message = f"`{instance.model_id}` does not answer at {instance.url}"
        self._fail(instance, attempt, Failure(FailureKind.UNREACHABLE, message))

    def _ready(self, model: str, attempt: _Attempt) -> None:
        assert attempt.endpoint is not None  # noqa: S101
        took_s = asyncio.get_running_loop().time() - attempt.began
        self._report(report.Ready(model, attempt.endpoint.url, took_s))
        self._emit(InstanceReady(model, attempt.number))

    def _fail(self, instance: Instance, attempt: _Attempt, why: Failure) -> None:
        self._forget(instance.model_id, attempt)
        self._report(report.Failed(instance.model_id, why))
        self._emit(InstanceFailed(instance.model_id, attempt.number, why))

    async def _stop(self, model: str, attempt: _Attempt, *, kill: bool) -> None:
        began = asyncio.get_running_loop().time()
        if attempt.task:
            await asyncio.wait((attempt.task,))
        if attempt.process:
            await self._end(self._instances[model], attempt.process, kill=kill)
        self._forget(model, attempt)
        self._report(report.Stopped(model, asyncio.get_running_loop().time() - began))
        self._emit(InstanceStopped(model, attempt.number))

    async def _end(self, instance: Instance, process: Process, *, kill: bool) -> None:
        """Stop a process however long it takes: until it is gone, its memory is not free."""
        engine = ENGINES[instance.engine]
        grace_s = 0 if kill else engine.STOP_GRACE_S
        while True:
            try:
                await process.stop(engine.STOP_SIGNAL, grace_s)
            except EffectError as error:
                self._report(report.Trouble(f"stopping {instance.model_id}", error.message))
                grace_s = 0
            else:
                return

    def _forget(self, model: str, attempt: _Attempt) -> None:
        if self._attempts.get(model) is attempt:
            self._records.remove(model)
            del self._attempts[model]

    def _record(self, instance: Instance, number: int, identity: Identity, port: int) -> Record:
        return Record(instance.model_id, number, instance.fingerprint, port, identity, dict(instance.claims))

    async def _take_over(self, record: Record) -> None:
        process = adopt(record.identity)
        if process is None:
            self._records.remove(record.model)
            return
        instance = self._instances.get(record.model)
        if instance and instance.fingerprint == record.fingerprint:
            endpoint = self._launcher.endpoint(instance, record.port)
            if await answers(endpoint, self._launcher.readiness(instance, record.port)):
                self._adopt(instance, record, process, await self._launcher.known(instance, endpoint))
                return
        with contextlib.suppress(EffectError):
            await process.stop(signal.SIGKILL, 0)
        self._records.remove(record.model)

    def _adopt(self, instance: Instance, record: Record, process: Process, endpoint: Endpoint) -> None:
        attempt = _Attempt(record.attempt, asyncio.get_running_loop().time(), None, process, endpoint)
        self._attempts[instance.model_id] = attempt
        self._records.add(self._record(instance, record.attempt, process.identity, record.port))
        attempt.task = self._spawn(f"watching {instance.model_id}", self._run(instance, attempt, self._watch))
        self._report(report.Ready(instance.model_id, endpoint.url, None))
        self._emit(InstanceAdopted(instance.model_id, record.attempt))
