"""Carries out residency's `Start`, `Stop`, `Sleep` and `Wake`: programs of every runtime, external servers, adoption.

Each attempt is one task that brings the instance up, says that it is ready, and then watches it until it ends or hangs.
To stop is to cancel that task and end the program. Whatever happens, an attempt ends in exactly one event, and only
after nothing of the instance is left and its memory is back; so residency may count it as free. An attempt that falls
asleep and is woken goes on; each of these is a new task that takes over the watch.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from remuda.daemon import report
from remuda.daemon.attempt import Attempt
from remuda.daemon.history import Ended, History
from remuda.daemon.hooks import HookError, Hooks
from remuda.daemon.launcher import Launcher, StartError, explain
from remuda.daemon.liveness import hangs, signs_of
from remuda.daemon.release import Held
from remuda.daemon.runtimes import Running
from remuda.daemon.sleeping import fall_asleep, is_asleep, wake_up
from remuda.daemon.upkeep import NotWatched, Upkeep
from remuda.edge import engine_log
from remuda.edge.clock import unix_s
from remuda.edge.http.seam import Endpoint
from remuda.edge.paths import Places
from remuda.edge.readiness import answers
from remuda.edge.records import Record, Records
from remuda.engines import ENGINES, failure
from remuda.engines.contract import Failure, FailureKind, Readiness
from remuda.errors import EffectError, RemudaError
from remuda.plan.plan import Instance
from remuda.residency.events import (
    Event,
    InstanceAdopted,
    InstanceAsleep,
    InstanceFailed,
    InstanceReady,
    InstanceStopped,
    MemoryHeld,
    SleepFailed,
)

_EXTERNAL_CHECK_S = 10.0
_DOUBT_S = 2.0

_Run = Callable[[Attempt], Coroutine[Any, Any, None]]


class Instances:
    """The instances of one fleet. `emit` takes the events, `reporter` the reports.

    `upkeep` watches their memory; it may be replaced before the first start.
    """

    def __init__(
        self,
        instances: Mapping[str, Instance],
        launcher: Launcher,
        places: Places,
        *,
        emit: Callable[[Event], None],
        reporter: report.Reporter,
    ) -> None:
        self.planned = instances
        self._launcher = launcher
        self._places = places
        self._records = Records(places.instances)
        self._hooks = Hooks(launcher, places)
        self._history = History(unix_s)
        self._emit = emit
        self._report = reporter
        self.upkeep: Upkeep = NotWatched()
        self._attempts: dict[str, Attempt] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def replace(self, instances: Mapping[str, Instance]) -> None:
        """The instances of a changed fleet: what starts from now on. What runs and need not change goes by them too."""
        self.planned = instances
        for attempt in self._attempts.values():
            wanted = instances.get(attempt.model)
            if wanted and wanted.fingerprint == attempt.instance.fingerprint:
                attempt.instance = wanted

    def endpoint(self, model: str) -> Endpoint:
        """Where the model's ready instance listens."""
        endpoint = self._attempts[model].endpoint
        assert endpoint is not None, f"{model} is not ready"  # noqa: S101  residency grants only what is ready
        return endpoint

    def pid(self, model: str) -> int | None:
        """The main process of the model's instance, while there is one."""
        attempt = self._attempts.get(model)
        return attempt.running.identity.pid if attempt and attempt.running else None

    def address(self, model: str) -> str | None:
        """The base URL of the model's instance, while it is ready."""
        attempt = self._attempts.get(model)
        return attempt.endpoint.url if attempt and attempt.endpoint else None

    def progress(self, model: str) -> str | None:
        """How far a start has got, in the engine's words as Remuda reads them."""
        attempt = self._attempts.get(model)
        if attempt is None or attempt.progress is None or attempt.ready_at is not None:
            return None
        done = attempt.progress.fraction
        return attempt.progress.text if done is None else f"{attempt.progress.text}, {done:.0%}"

    def history(self, model: str) -> tuple[Ended, ...]:
        """What became of the model's last attempts, the latest first."""
        return self._history.of(model)

    def start(self, model: str, number: int) -> None:
        """Bring an instance up; answered by an event."""
        instance = self.planned[model]
        last_log = max(engine_log.attempts(self._places.log(model)), default=0)
        attempt = Attempt(instance, number, asyncio.get_running_loop().time(), last_log)
        self._attempts[model] = attempt
        self._report(report.Starting(model))
        run = self._run_external if instance.runtime == "external" else self._run_ours
        attempt.task = self._spawn(f"running {model}", self._run(attempt, run))

    def stop(self, model: str, *, reason: str, kill: bool) -> None:
        """End an instance, also one that is still starting; answered by `InstanceStopped`."""
        attempt = self._attempts[model]
        if attempt.stop_reason is not None:
            if attempt.running:
                self._spawn(f"killing {model}", attempt.running.sweep())
            return
        attempt.stop_reason = reason
        if attempt.task:
            attempt.task.cancel()
        self._report(report.Stopping(model, reason))
        self._spawn(f"stopping {model}", self._stop(attempt, kill=kill))

    def sleep(self, model: str, *, reason: str) -> None:
        """Put an instance to sleep that has no requests; answered by an event."""
        attempt = self._attempts[model]
        self._report(report.FallingAsleep(model, reason))
        self._go_on(attempt, f"putting {model} to sleep", self._fall_asleep)

    def wake(self, model: str) -> None:
        """Wake an instance that is asleep; answered by an event."""
        attempt = self._attempts[model]
        self._report(report.Waking(model))
        self._go_on(attempt, f"waking {model}", self._wake_up)

    def _go_on(self, attempt: Attempt, doing: str, run: _Run) -> None:
        before = attempt.task
        assert before is not None  # noqa: S101  whoever is ready or asleep is watched
        before.cancel()
        attempt.is_resting = True

        async def after() -> None:
            await asyncio.wait((before,))
            await self._run(attempt, run)

        attempt.task = self._spawn(doing, after())

    async def look_into(self, model: str) -> None:
        """Somebody could not connect: return when the instance has been seen to end, or has not for a while.

        A process closes its sockets before its end can be seen, so the two are told apart by waiting.
        """
        attempt = self._attempts.get(model)
        if attempt and attempt.task:
            attempt.doubted.set()
            await asyncio.wait((attempt.task,), timeout=_DOUBT_S)
            if attempt.running and attempt.running.exited.done():
                # Its memory and its hooks may take longer, and nobody answers there meanwhile.
                await asyncio.wait((attempt.task,))

    async def take_over(self) -> None:
        """Adopt what an earlier daemon left running and still fits the fleet; end the rest."""
        records = self._records.load()
        await asyncio.gather(*map(self._take_over, records))
        for name, runtime in self._launcher.runtimes.items():
            try:
                await runtime.clear(frozenset(self._attempts))
            except EffectError as error:
                self._report(report.Trouble(f"looking for what {name} left running", error.message))

    async def leave(self) -> None:
        """Let go of every engine that can serve, for the next daemon to take over; what comes or goes is ended first.

        To be called when nobody decides any more: no event is told from now on.
        """
        self._emit = lambda _: None
        for attempt in list(self._attempts.values()):
            if attempt.is_serving and attempt.task:
                attempt.task.cancel()
            elif attempt.ready_at is None and attempt.stop_reason is None:
                self.stop(attempt.model, reason="the daemon ends before it is ready", kill=True)
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for attempt in self._attempts.values():
            if attempt.running:
                attempt.running.release()

    def bound_logs(self) -> None:
        """Cut the logs that have grown too long."""
        for model in self._attempts:
            with contextlib.suppress(OSError):  # the next look may find the file in a better state
                engine_log.bound(self._places.log(model))

    def _spawn(self, doing: str, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work, name=doing)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self._report(report.Trouble(task.get_name(), repr(error)))

    # Running

    async def _run(self, attempt: Attempt, run: _Run) -> None:
        try:
            await run(attempt)
        except Exception as error:  # noqa: BLE001 (residency must hear of the end, whatever the cause)
            if attempt.running:
                await self._end(attempt, attempt.running, kill=True)
            reason = error.message if isinstance(error, RemudaError) else repr(error)
            message = f"remuda cannot run `{attempt.model}`: {reason}"
            await self._fail(attempt, Failure(FailureKind.EXITED, message))

    async def _run_ours(self, attempt: Attempt) -> None:
        def spawned(running: Running, endpoint: Endpoint) -> None:
            attempt.running = running
            self._records.add(_record(attempt, endpoint.port, attempt.instance.claims))
            self.upkeep.watch(attempt.instance, running.members)

        try:
            await self._hooks.run("before_load", attempt.instance)
            attempt.needs_after_unload = True
            running, endpoint = await self._launcher.launch(attempt.instance, attempt.number, spawned, attempt.said)
        except HookError as error:
            await self._fail(attempt, Failure(FailureKind.EXITED, error.message, error.output))
            return
        except StartError as error:
            await self._fail(attempt, error.failure)
            return
        attempt.running, attempt.endpoint = running, endpoint
        await self._run_hook("after_load", attempt)
        await self._restore_cache(attempt)
        self.upkeep.ready(attempt.model, asyncio.get_running_loop().time() - attempt.began)
        self._ready(attempt)
        await self._watch(attempt)

    async def _fall_asleep(self, attempt: Attempt) -> None:
        began = asyncio.get_running_loop().time()
        try:
            sleeps = await self._unless_it_ends(attempt, fall_asleep(attempt.serving_at, attempt.instance))
            if sleeps:
                keeps = await self._kept_asleep(attempt)
                self._report(report.Asleep(attempt.model, asyncio.get_running_loop().time() - began))
                self._emit(InstanceAsleep(attempt.model, attempt.number, keeps))
        except EffectError as error:
            self._emit(SleepFailed(attempt.model, attempt.number, error.message))
        await self._watch(attempt)

    async def _kept_asleep(self, attempt: Attempt) -> Mapping[str, int]:
        """What it has been seen to keep of its memory. Raises EffectError when that cannot be recorded."""
        keeps = await self.upkeep.slept(attempt.model)
        claims = {**(attempt.instance.asleep_claims or {}), **keeps}
        self._records.add(_record(attempt, attempt.serving_at.port, claims))
        return keeps

    async def _wake_up(self, attempt: Attempt) -> None:
        began = asyncio.get_running_loop().time()
        self.upkeep.woken(attempt.model)
        limit_s = self._launcher.stall_s(attempt.instance)
        try:
            self._records.add(_record(attempt, attempt.serving_at.port, attempt.instance.claims))
            is_awake = await self._unless_it_ends(
                attempt, wake_up(attempt.serving_at, attempt.instance, limit_s=limit_s)
            )
        except EffectError as error:
            assert attempt.running is not None  # noqa: S101  it was ready once
            await self._end(attempt, attempt.running, kill=True)
            log = engine_log.tail(self._places.log(attempt.model), failure.TAIL_LINES)
            await self._fail(attempt, Failure(FailureKind.STALLED, error.message, tuple(log)))
            return
        if is_awake:
            attempt.is_resting = False
            self.upkeep.ready(attempt.model)
            took_s = asyncio.get_running_loop().time() - began
            self._report(report.Awake(attempt.model, attempt.serving_at.url, took_s))
            self._emit(InstanceReady(attempt.model, attempt.number))
        await self._watch(attempt)

    async def _unless_it_ends(self, attempt: Attempt, work: Coroutine[Any, Any, None]) -> bool:
        """Do the work; False when the instance ended meanwhile, which is for the watch to tell."""
        assert attempt.running is not None  # noqa: S101  it was ready once
        doing = asyncio.get_running_loop().create_task(work)
        try:
            await asyncio.wait((attempt.running.exited, doing), return_when=asyncio.FIRST_COMPLETED)
        finally:
            doing.cancel()
        if doing.cancelled() or not doing.done():
            return False
        if doing.exception():  # an engine that dies closes its sockets before its end can be seen
            await asyncio.wait((attempt.running.exited,), timeout=_DOUBT_S)
        if attempt.running.exited.done():
            return False
        doing.result()
        return True

    async def _watch(self, attempt: Attempt) -> None:
        """Until the instance ends by itself, or has hung and is ended."""
        running = attempt.running
        assert running is not None  # noqa: S101  both callers have set it
        hanging = asyncio.get_running_loop().create_task(self._hangs(attempt))
        try:
            await asyncio.wait((running.exited, hanging), return_when=asyncio.FIRST_COMPLETED)
        finally:
            hanging.cancel()
        log = self._places.log(attempt.model)
        if running.exited.done():
            await running.sweep()
            why = explain(attempt.instance, running, log)
        else:
            await self._end(attempt, running, kill=True)
            limit_s = attempt.instance.care.health_timeout_s or 0
            message = f"`{attempt.model}` hung: for {limit_s:g} s it answered nothing, and sent and logged nothing"
            why = Failure(FailureKind.STALLED, message, tuple(engine_log.tail(log, failure.TAIL_LINES)))
        await self._fail(attempt, why)

    async def _hangs(self, attempt: Attempt) -> None:
        endpoint, limit_s = attempt.endpoint, attempt.instance.care.health_timeout_s
        if endpoint is None or limit_s is None:
            await asyncio.Event().wait()
            return
        readiness = self._launcher.readiness(attempt.instance, endpoint.port)
        signs = signs_of(endpoint.port, self._places.log(attempt.model))
        await hangs(endpoint, readiness, limit_s, signs, lambda: not attempt.is_resting)

    async def _run_external(self, attempt: Attempt) -> None:
        instance = attempt.instance
        endpoint = self._launcher.external(instance)
        readiness = Readiness(instance.ready or None)
        if await answers(endpoint, readiness):
            attempt.endpoint = await self._launcher.known(instance, endpoint)
            self._ready(attempt)
            while await answers(endpoint, readiness):
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(attempt.doubted.wait(), _EXTERNAL_CHECK_S)
                attempt.doubted.clear()
        message = f"`{instance.model_id}` does not answer at {instance.url}"
        await self._fail(attempt, Failure(FailureKind.UNREACHABLE, message))

    async def _run_hook(self, name: str, attempt: Attempt) -> None:
        """Run a hook that can refuse nothing."""
        try:
            await self._hooks.run(name, attempt.instance, attempt.endpoint.port if attempt.endpoint else None)
        except HookError as error:
            self._report(report.HookFailed(attempt.model, error.message))

    async def _save_cache(self, attempt: Attempt) -> None:
        keeper = self._launcher.keeper(attempt.instance)
        if keeper and attempt.running and not attempt.running.exited.done():
            await self._tell_of_cache(attempt, "save", keeper.save(attempt.serving_at))

    async def _restore_cache(self, attempt: Attempt) -> None:
        if keeper := self._launcher.keeper(attempt.instance):
            await self._tell_of_cache(attempt, "restore", keeper.restore(attempt.serving_at))

    async def _tell_of_cache(self, attempt: Attempt, what: str, work: Coroutine[Any, Any, int]) -> None:
        try:
            if slots := await work:
                self._report(report.CacheKept(attempt.model, f"{what}d the cache of {slots} slots"))
        except (EffectError, OSError) as error:
            self._report(report.CacheKept(attempt.model, f"cannot {what} the cache: {error}"))

    # Reaching an end

    def _ready(self, attempt: Attempt) -> None:
        attempt.ready_at = asyncio.get_running_loop().time()
        self._report(report.Ready(attempt.model, attempt.serving_at.url, attempt.ready_s))
        self._emit(InstanceReady(attempt.model, attempt.number))

    async def _fail(self, attempt: Attempt, why: Failure) -> None:
        lasted_s = asyncio.get_running_loop().time() - attempt.began
        await self._leave(attempt)
        log = self._log_number(attempt)
        self._history.failed(attempt.model, why, log=log, lasted_s=lasted_s, ready_s=attempt.ready_s)
        self._report(report.Failed(attempt.model, why))
        self._emit(InstanceFailed(attempt.model, attempt.number, why))

    async def _stop(self, attempt: Attempt, *, kill: bool) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        if attempt.task:
            await asyncio.wait((attempt.task,))
        if attempt.ready_at is not None and not kill:
            await self._save_cache(attempt)
            await self._run_hook("before_unload", attempt)
        if attempt.running:
            await self._end(attempt, attempt.running, kill=kill)
        await self._leave(attempt)
        reason, lasted_s = attempt.stop_reason or "", loop.time() - attempt.began
        log = self._log_number(attempt)
        self._history.stopped(attempt.model, reason, log=log, lasted_s=lasted_s, ready_s=attempt.ready_s)
        self._report(report.Stopped(attempt.model, loop.time() - began))
        self._emit(InstanceStopped(attempt.model, attempt.number))

    async def _end(self, attempt: Attempt, running: Running, *, kill: bool) -> None:
        """Stop a program however long it takes: until it is gone, its memory is not free."""
        engine = ENGINES[attempt.instance.engine]
        grace_s = 0 if kill else engine.STOP_GRACE_S
        while True:
            try:
                await running.stop(engine.STOP_SIGNAL, grace_s)
            except EffectError as error:
                self._report(report.Trouble(f"stopping {attempt.model}", error.message))
                grace_s = 0
            else:
                return

    async def _leave(self, attempt: Attempt) -> None:
        """Nothing runs any more: wait for its memory, and forget it."""
        if attempt.running:
            self._tell_held(attempt, await self.upkeep.released(attempt.model))
        if attempt.needs_after_unload:
            await self._run_hook("after_unload", attempt)
        if self._attempts.get(attempt.model) is attempt:
            self._records.remove(attempt.model)
            del self._attempts[attempt.model]

    def _tell_held(self, attempt: Attempt, outcome: object) -> None:
        for kept in outcome.kept if isinstance(outcome, Held) else ():
            self._report(report.MemoryKept(attempt.model, kept.message))
            by = ", ".join(kept.by) or None
            self._emit(MemoryHeld(attempt.model, attempt.number, kept.device, kept.size_bytes, by))

    def _log_number(self, attempt: Attempt) -> int | None:
        last = max(engine_log.attempts(self._places.log(attempt.model)), default=0)
        return last if last > attempt.last_log else None

    # Taking over

    async def _take_over(self, record: Record) -> None:
        runtime = self._launcher.runtimes.get(record.runtime)
        try:
            running = await runtime.adopt(record, self._places.log(record.model)) if runtime else None
            if running and not await self._adopted(record, running):
                await running.stop(signal.SIGKILL, 0)
                running = None
        except EffectError as error:
            self._report(report.Trouble(f"ending the last daemon's {record.model}", error.message))
            return
        if running is None:
            self._records.remove(record.model)

    async def _adopted(self, record: Record, running: Running) -> bool:
        """Whether the program can serve as the model's instance, perhaps after it has been woken, and is it now."""
        instance = self.planned.get(record.model)
        if instance is None or instance.fingerprint != record.fingerprint or instance.runtime != record.runtime:
            return False
        endpoint = self._launcher.endpoint(instance, record.port)
        if not await answers(endpoint, self._launcher.readiness(instance, record.port)):
            return False
        now = asyncio.get_running_loop().time()
        attempt = Attempt(instance, record.attempt, now, running=running, ready_at=now, needs_after_unload=True)
        attempt.endpoint = await self._launcher.known(instance, endpoint)
        try:
            attempt.is_resting = await is_asleep(endpoint, instance)
        except EffectError:
            return False
        self._attempts[record.model] = attempt
        self.upkeep.watch(instance, running.members)
        self.upkeep.ready(record.model)
        asleep = None
        if attempt.is_resting:
            asleep = await self._kept_asleep(attempt)
            self._report(report.Asleep(record.model, None))
        else:
            self._records.add(_record(attempt, record.port, instance.claims))
            self._report(report.Ready(record.model, attempt.endpoint.url, None))
        attempt.task = self._spawn(f"watching {record.model}", self._run(attempt, self._watch))
        self._emit(InstanceAdopted(record.model, record.attempt, asleep))
        return True


def _record(attempt: Attempt, port: int, claims: Mapping[str, int]) -> Record:
    instance, running = attempt.instance, attempt.running
    assert running is not None  # noqa: S101  there is something to find again
    return Record(
        instance.model_id, attempt.number, instance.fingerprint, port, running.identity, dict(claims), instance.runtime
    )
