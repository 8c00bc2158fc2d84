"""The course of an attempt: what is done with an instance from its start to its end.

Whatever happens, an attempt ends in exactly one event, and only after nothing of the instance is left and its memory is
back; so residency may count it as free. One that falls asleep and is woken goes on.

When which of this is done, and by which task, is for `remuda.daemon.instances` to say.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from remuda.daemon import report
from remuda.daemon.attempt import Attempt
from remuda.daemon.history import History
from remuda.daemon.hooks import HookError, Hooks
from remuda.daemon.launcher import Launcher, StartError
from remuda.daemon.liveness import hangs, signs_of
from remuda.daemon.release import Held
from remuda.daemon.runtimes import Running
from remuda.daemon.sleeping import fall_asleep, wake_up
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
from remuda.residency.events import (
    Event,
    InstanceAsleep,
    InstanceFailed,
    InstanceReady,
    InstanceStopped,
    MemoryHeld,
    SleepFailed,
)

_EXTERNAL_CHECK_S = 10.0
_GONE_S = 2.0
"""How soon the end of a process is seen whose sockets have closed."""

Step = Callable[[Attempt], Coroutine[Any, Any, None]]
"""A part of the course; it returns when the attempt has ended, or is cancelled."""


class Course:
    """Carries attempts through. `emit` takes the events, `reporter` the reports, `gone` the attempts that are over.

    `upkeep` watches their memory; it may be replaced before the first start.
    """

    def __init__(
        self,
        launcher: Launcher,
        places: Places,
        *,
        emit: Callable[[Event], None],
        reporter: report.Reporter,
        gone: Callable[[Attempt], None],
    ) -> None:
        self.upkeep: Upkeep = NotWatched()
        self.history = History(unix_s)
        self.records = Records(places.instances)
        self.emit = emit
        self._launcher = launcher
        self._places = places
        self._hooks = Hooks(launcher, places)
        self._report = reporter
        self._gone = gone

    async def take(self, step: Step, attempt: Attempt) -> None:
        """Do a step; whatever goes wrong in it ends the attempt."""
        try:
            await step(attempt)
        except Exception as error:  # noqa: BLE001 (residency must hear of the end, whatever the cause)
            if attempt.running:
                await self._end(attempt, attempt.running, kill=True)
            reason = error.message if isinstance(error, RemudaError) else repr(error)
            message = f"remuda cannot run `{attempt.model}`: {reason}"
            await self._fail(attempt, Failure(FailureKind.EXITED, message))

    async def run(self, attempt: Attempt) -> None:
        """Start the engine, and watch it."""

        def spawned(running: Running, endpoint: Endpoint) -> None:
            attempt.running = running
            self.records.add(record_of(attempt, endpoint.port, attempt.instance.claims))
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
        if attempt.instance.unit:  # its main process may have become another since it was started
            self.records.add(record_of(attempt, endpoint.port, attempt.instance.claims))
        await self._run_hook("after_load", attempt)
        await self._restore_cache(attempt)
        self.upkeep.ready(attempt.model, asyncio.get_running_loop().time() - attempt.began)
        self._ready(attempt)
        await self.watch(attempt)

    async def fall_asleep(self, attempt: Attempt) -> None:
        """Put the instance to sleep, and watch it."""
        began = asyncio.get_running_loop().time()
        try:
            sleeps = await self._unless_it_ends(attempt, fall_asleep(attempt.serving_at, attempt.instance))
            if sleeps:
                keeps = await self.kept_asleep(attempt)
                self._report(report.Asleep(attempt.model, asyncio.get_running_loop().time() - began))
                self.emit(InstanceAsleep(attempt.model, attempt.number, keeps))
        except EffectError as error:
            self.emit(SleepFailed(attempt.model, attempt.number, error.message))
        await self.watch(attempt)

    async def kept_asleep(self, attempt: Attempt) -> Mapping[str, int]:
        """What it has been seen to keep of its memory. Raises EffectError when that cannot be recorded."""
        keeps = await self.upkeep.slept(attempt.model)
        claims = {**(attempt.instance.asleep_claims or {}), **keeps}
        self.records.add(record_of(attempt, attempt.serving_at.port, claims))
        return keeps

    async def wake(self, attempt: Attempt) -> None:
        """Wake the instance, and watch it."""
        began = asyncio.get_running_loop().time()
        self.upkeep.woken(attempt.model)
        limit_s = self._launcher.stall_s(attempt.instance)
        try:
            self.records.add(record_of(attempt, attempt.serving_at.port, attempt.instance.claims))
            is_awake = await self._unless_it_ends(
                attempt, wake_up(attempt.serving_at, attempt.instance, limit_s=limit_s)
            )
        except EffectError as error:
            assert attempt.running is not None  # noqa: S101  it was ready once
            await self._end(attempt, attempt.running, kill=True)
            log = self._tail(attempt)
            await self._fail(attempt, Failure(FailureKind.STALLED, error.message, log))
            return
        if is_awake:
            attempt.is_resting = False
            self.upkeep.ready(attempt.model)
            took_s = asyncio.get_running_loop().time() - began
            self._report(report.Awake(attempt.model, attempt.serving_at.url, took_s))
            self.emit(InstanceReady(attempt.model, attempt.number))
        await self.watch(attempt)

    def _tail(self, attempt: Attempt) -> tuple[str, ...]:
        log = self._places.log(attempt.model)
        return tuple(self._launcher.secrets.tail(attempt.instance, log, failure.TAIL_LINES))

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
            await asyncio.wait((attempt.running.exited,), timeout=_GONE_S)
        if attempt.running.exited.done():
            return False
        doing.result()
        return True

    async def watch(self, attempt: Attempt) -> None:
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
            why = self._launcher.explain(attempt.instance, running, log)
        else:
            await self._end(attempt, running, kill=True)
            limit_s = attempt.instance.care.health_timeout_s or 0
            message = f"`{attempt.model}` hung: for {limit_s:g} s it answered nothing, and sent and logged nothing"
            why = Failure(FailureKind.STALLED, message, self._tail(attempt))
        await self._fail(attempt, why)

    async def _hangs(self, attempt: Attempt) -> None:
        endpoint, limit_s = attempt.endpoint, attempt.instance.care.health_timeout_s
        if endpoint is None or limit_s is None:
            await asyncio.Event().wait()
            return
        readiness = self._launcher.readiness(attempt.instance, endpoint.port)
        signs = signs_of(endpoint.port, self._places.log(attempt.model))
        await hangs(endpoint, readiness, limit_s, signs, lambda: not attempt.is_resting)

    async def attend(self, attempt: Attempt) -> None:
        """Watch a server that somebody else runs, if it answers."""
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
        self.emit(InstanceReady(attempt.model, attempt.number))

    async def _fail(self, attempt: Attempt, why: Failure) -> None:
        lasted_s = asyncio.get_running_loop().time() - attempt.began
        await self._leave(attempt)
        log = self._log_number(attempt)
        self.history.failed(attempt.model, why, log=log, lasted_s=lasted_s, ready_s=attempt.ready_s)
        self._report(report.Failed(attempt.model, why))
        self.emit(InstanceFailed(attempt.model, attempt.number, why))

    async def stop(self, attempt: Attempt, *, kill: bool) -> None:
        """End the instance once its last step has been cancelled."""
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
        self.history.stopped(attempt.model, reason, log=log, lasted_s=lasted_s, ready_s=attempt.ready_s)
        self._report(report.Stopped(attempt.model, loop.time() - began))
        self.emit(InstanceStopped(attempt.model, attempt.number))

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
        self._gone(attempt)

    def _tell_held(self, attempt: Attempt, outcome: object) -> None:
        for kept in outcome.kept if isinstance(outcome, Held) else ():
            self._report(report.MemoryKept(attempt.model, kept.message))
            by = ", ".join(kept.by) or None
            self.emit(MemoryHeld(attempt.model, attempt.number, kept.device, kept.size_bytes, by))

    def _log_number(self, attempt: Attempt) -> int | None:
        last = max(engine_log.attempts(self._places.log(attempt.model)), default=0)
        return last if last > attempt.last_log else None


def record_of(attempt: Attempt, port: int, claims: Mapping[str, int]) -> Record:
    """What a later daemon finds the instance by."""
    instance, running = attempt.instance, attempt.running
    assert running is not None  # noqa: S101  there is something to find again
    return Record(
        model=instance.model_id,
        attempt=attempt.number,
        fingerprint=instance.fingerprint,
        port=port,
        identity=running.identity,
        claims=dict(claims),
        runtime=instance.runtime,
        unit=instance.unit,
    )
