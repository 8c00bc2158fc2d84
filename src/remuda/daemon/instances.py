"""Carries out residency's `Start`, `Stop`, `Sleep` and `Wake`, and takes over what an earlier daemon left running.

Each attempt is one task that brings the instance up, says that it is ready, and then watches it until it ends or hangs.
To stop is to cancel that task and end the program. An attempt that falls asleep and is woken goes on; each of these is
a new task that takes over the watch. What the tasks do is in `remuda.daemon.course`.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

from remuda.daemon import report
from remuda.daemon.attempt import Attempt
from remuda.daemon.course import Course, Step, record_of
from remuda.daemon.history import Ended
from remuda.daemon.launcher import Launcher
from remuda.daemon.redaction import Follower
from remuda.daemon.runtimes import Running
from remuda.daemon.sleeping import is_asleep
from remuda.daemon.upkeep import Upkeep
from remuda.edge import engine_log
from remuda.edge.http.seam import Endpoint
from remuda.edge.paths import Places
from remuda.edge.readiness import answers
from remuda.edge.records import Record
from remuda.errors import EffectError
from remuda.plan.plan import Instance
from remuda.residency.events import Event, InstanceAdopted

_DOUBT_S = 2.0


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
        self.planned = instances
        self._launcher = launcher
        self._places = places
        self._report = reporter
        self._course = Course(launcher, places, emit=emit, reporter=reporter, gone=self._gone)
        self._attempts: dict[str, Attempt] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def watch_memory(self, upkeep: Upkeep) -> None:
        """Let this watch the memory of the instances; before the first start."""
        self._course.upkeep = upkeep

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

    def has_attempt(self, model: str) -> bool:
        """Whether the model is being started, served or stopped."""
        return model in self._attempts

    def pid(self, model: str) -> int | None:
        """The main process of the model's instance, while there is one."""
        attempt = self._attempts.get(model)
        return attempt.running.identity.pid if attempt and attempt.running else None

    def address(self, model: str) -> str | None:
        """The base URL of the model's instance, while it is ready."""
        attempt = self._attempts.get(model)
        return attempt.endpoint.url if attempt and attempt.endpoint else None

    def log_tail(self, model: str, log: Path, lines: int) -> list[str]:
        """The last lines of a log of the model's engine, without its secrets."""
        return self._launcher.secrets.tail(self.planned[model], log, lines)

    def log_follower(self, model: str, log: Path) -> Follower:
        """Whoever reads what is appended to a log of the model's engine, without its secrets."""
        return self._launcher.secrets.follower(self.planned[model], log)

    def progress(self, model: str) -> str | None:
        """How far a start has got, in the engine's words as Remuda reads them."""
        attempt = self._attempts.get(model)
        if attempt is None or attempt.progress is None or attempt.ready_at is not None:
            return None
        done = attempt.progress.fraction
        return attempt.progress.text if done is None else f"{attempt.progress.text}, {done:.0%}"

    def history(self, model: str) -> tuple[Ended, ...]:
        """What became of the model's last attempts, the latest first."""
        return self._course.history.of(model)

    def start(self, model: str, number: int) -> None:
        """Bring an instance up; answered by an event."""
        instance = self.planned[model]
        last_log = max(engine_log.attempts(self._places.log(model)), default=0)
        attempt = Attempt(instance, number, asyncio.get_running_loop().time(), last_log)
        self._attempts[model] = attempt
        self._report(report.Starting(model))
        run = self._course.attend if instance.runtime == "external" else self._course.run
        attempt.task = self._spawn(f"running {model}", self._course.take(run, attempt))

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
        self._spawn(f"stopping {model}", self._course.stop(attempt, kill=kill))

    def sleep(self, model: str, *, reason: str) -> None:
        """Put an instance to sleep that has no requests; answered by an event."""
        attempt = self._attempts[model]
        self._report(report.FallingAsleep(model, reason))
        self._go_on(attempt, f"putting {model} to sleep", self._course.fall_asleep)

    def wake(self, model: str) -> None:
        """Wake an instance that is asleep; answered by an event."""
        attempt = self._attempts[model]
        self._report(report.Waking(model))
        self._go_on(attempt, f"waking {model}", self._course.wake)

    def _go_on(self, attempt: Attempt, doing: str, run: Step) -> None:
        before = attempt.task
        assert before is not None  # noqa: S101  whoever is ready or asleep is watched
        before.cancel()
        attempt.is_resting = True

        async def after() -> None:
            await asyncio.wait((before,))
            await self._course.take(run, attempt)

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
        records = self._course.records.load()
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
        self._course.emit = lambda _: None
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

    def _gone(self, attempt: Attempt) -> None:
        if self._attempts.get(attempt.model) is attempt:
            self._course.records.remove(attempt.model)
            del self._attempts[attempt.model]

    def _spawn(self, doing: str, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work, name=doing)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self._report(report.Trouble(task.get_name(), repr(error)))

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
            self._course.records.remove(record.model)

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
        self._course.upkeep.watch(instance, running.members)
        self._course.upkeep.ready(record.model)
        asleep = None
        if attempt.is_resting:
            asleep = await self._course.kept_asleep(attempt)
            self._report(report.Asleep(record.model, None))
        else:
            self._course.records.add(record_of(attempt, record.port, instance.claims))
            self._report(report.Ready(record.model, attempt.endpoint.url, None))
        attempt.task = self._spawn(f"watching {record.model}", self._course.take(self._course.watch, attempt))
        self._course.emit(InstanceAdopted(record.model, record.attempt, asleep))
        return True
