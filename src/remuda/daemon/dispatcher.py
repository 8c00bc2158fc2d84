"""Drives residency: every event goes in here, every command is carried out here, one at a time and in order.

The gateway's requests and the control API's loads are the same thing to residency; the latter have negative numbers.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import Callable

from remuda.daemon.instances import Instances
from remuda.edge import clock
from remuda.edge.http.seam import Endpoint, Waiter
from remuda.residency.commands import Command, Grant, RefusalKind, Refuse, Sleep, Start, Stop, Wake, WakeAt
from remuda.residency.events import (
    Event,
    RequestAbandoned,
    RequestArrived,
    RequestEnded,
    ShutdownAsked,
    TimerFired,
    TtlAsked,
    UnloadAsked,
)
from remuda.residency.residency import Residency
from remuda.residency.states import State


class Dispatcher:
    """The one owner of a `Residency`. It is the gateway's `Admission`."""

    def __init__(self, residency: Residency) -> None:
        self._residency = residency
        self._instances: Instances
        self._clock: Callable[[], float]
        self._waiters: dict[int, Waiter] = {}
        self._returned: set[asyncio.Task[None]] = set()
        self._events: deque[Event] = deque()
        self._is_dispatching = False
        self._timer: asyncio.TimerHandle | None = None
        self._numbers = itertools.count(-1, -1)
        self._is_ending = False
        self._ended = asyncio.Event()

    def attach(self, instances: Instances) -> None:
        """Give the dispatcher what carries out its commands; in the loop that it will run in."""
        self._instances = instances
        self._clock = asyncio.get_running_loop().time

    def ask(self, request: int, model: str, waiter: Waiter, priority: int = 0) -> None:
        """Ask for a model's instance; the waiter is called back, perhaps at once."""
        if model not in self._instances.planned:
            message = f"`{model}` is not in the fleet any more"
            waiter.refused(Refuse(request, model, RefusalKind.REMOVED, message))
            return
        # In the midst of a decision, what has not been decided yet must not be overtaken.
        if not self._is_dispatching and self._residency.take(request, model, self._clock(), priority):
            waiter.granted(self._instances.endpoint(model))
            return
        self._waiters[request] = waiter
        self.emit(RequestArrived(request, model, priority))

    def insist(self, request: int, model: str, waiter: Waiter) -> None:
        """Ask for a model as somebody does who wants it loaded, whatever has become of earlier attempts."""
        self._waiters[request] = waiter
        self.emit(RequestArrived(request, model, insists=True))

    def end(self, request: int) -> None:
        """A granted request is over."""
        if self._is_dispatching or not self._residency.give_back(request, self._clock()):
            self.emit(RequestEnded(request))

    def dropped(self, request: int, model: str, waiter: Waiter) -> None:
        """A granted request found nobody there: ask again, once the end of the instance has been seen."""
        self._waiters[request] = waiter
        self.emit(RequestEnded(request))
        task = asyncio.get_running_loop().create_task(self._ask_again(request, model))
        self._returned.add(task)
        task.add_done_callback(self._returned.discard)

    async def _ask_again(self, request: int, model: str) -> None:
        await self._instances.look_into(model)
        waiter = self._waiters.pop(request, None)
        if waiter:
            self.ask(request, model, waiter)

    def abandon(self, request: int) -> None:
        """Nobody waits for this request any more."""
        self._waiters.pop(request, None)
        self.emit(RequestAbandoned(request))

    def keep_alive(self, model: str, ttl_s: float | None) -> None:
        """Keep the model's instance for so long after its last request, until it is stopped."""
        self.emit(TtlAsked(model, ttl_s))

    def look(self, model: str) -> Endpoint | None:
        """The model's instance, if it is ready; to look at it, not to use it."""
        return self._instances.endpoint(model) if self.is_ready(model) else None

    def state(self, model: str) -> str:
        """The state of the model's instance; of a model that a reload has removed, `stopped`."""
        return self._state(model).value

    def is_ready(self, model: str) -> bool:
        """Whether a request for the model would be granted without a start."""
        return self._state(model) is State.READY

    def load(self, model: str) -> int:
        """How many requests are being served by the model or wait for it."""
        return self._residency.load(model) if self._knows(model) else 0

    def memory_bytes(self, model: str) -> int:
        """What the model's instance may use of all its devices together."""
        return self._residency.memory_bytes(model)

    def expires_at(self, model: str) -> float | None:
        """When the model's instance will be stopped if nobody asks for it, in seconds since 1970."""
        at = self._residency.expires_at(model)
        return None if at is None else clock.unix_s() + at - self.now()

    def _state(self, model: str) -> State:
        return self._residency.state(model) if self._knows(model) else State.STOPPED

    def _knows(self, model: str) -> bool:
        """Whether the model is in the fleet: a request that began before a reload may still name one that was."""
        return model in self._instances.planned

    def is_ending(self) -> bool:
        """Whether everything is being stopped."""
        return self._is_ending

    def next_number(self) -> int:
        """A request number for somebody other than the gateway."""
        return next(self._numbers)

    def unload(self, model: str, *, kill: bool) -> None:
        """Take a model out of memory."""
        self.emit(UnloadAsked(model, kill))

    def turn_away(self) -> None:
        """Refuse what still waits: another daemon will answer it when it is asked again."""
        message = "the daemon is being replaced, ask again"
        while self._waiters:
            request, waiter = next(iter(self._waiters.items()))
            self.abandon(request)
            waiter.refused(Refuse(request, "", RefusalKind.SHUTTING_DOWN, message, retry_after_s=1))

    async def shut_down(self, grace_s: float) -> None:
        """Refuse what waits, let what is served finish for at most `grace_s`, stop everything."""
        self._is_ending = True
        self.emit(ShutdownAsked())
        try:
            async with asyncio.timeout(grace_s):
                await self._ended.wait()
        except TimeoutError:
            self.kill()
            await self._ended.wait()

    def kill(self) -> None:
        """End everything now."""
        self.emit(ShutdownAsked(kill=True))

    def emit(self, event: Event) -> None:
        """Let residency decide about an event and carry out what it commands."""
        self._events.append(event)
        if self._is_dispatching:
            return
        self._is_dispatching = True
        try:
            while self._events:
                for command in self._residency.handle(self._events.popleft(), self.now()):
                    self._perform(command)
        finally:
            self._is_dispatching = False
        if self._is_ending and self._residency.is_stopped:
            self._ended.set()

    def now(self) -> float:
        """The clock that residency runs on, in seconds."""
        return self._clock()

    def _perform(self, command: Command) -> None:
        match command:
            case Grant(request=request, model=model):
                self._waiters.pop(request).granted(self._instances.endpoint(model))
            case Refuse(request=request):
                self._waiters.pop(request).refused(command)
            case Start(model=model, attempt=attempt):
                self._instances.start(model, attempt)
            case Stop(model=model, reason=reason, kill=kill):
                self._instances.stop(model, reason=reason, kill=kill)
            case Sleep(model=model, reason=reason):
                self._instances.sleep(model, reason=reason)
            case Wake(model=model):
                self._instances.wake(model)
            case WakeAt(at=at):
                self._wake_at(at)

    def _wake_at(self, at: float) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_at(at, self.emit, TimerFired())
