"""The owner of every decision about which instances are up: events in, commands out.

`Residency` knows no clock, no process and no socket, and nothing in it waits: the caller reports what happened and
carries out what comes back, in order. It is used from one place at a time and needs no lock. The same events at the
same times give the same commands.

What becomes of a request that arrives:

1. its model is ready: it is granted, whatever the size of the fleet (a draining instance is not ready);
2. the daemon is shutting down: it is refused;
3. its model can never fit, not even alone: it is refused, and nothing is evicted for it;
4. otherwise it waits, and joins the load if there is one.

Whenever something changes that those who wait could profit from, everything is settled:

1. what has to go and has nothing left to do is stopped; so is what was idle for its ttl;
2. those who wait are considered in their order (`remuda.residency.waiting`, `remuda.residency.schedule`);
3. what no longer has to go may stay;
4. who waits for an instance that is up after all is granted;
5. what has to go for somebody drains, or is stopped;
6. what has room is started;
7. the timer is set for the next ttl.

It does not judge a failure (the next request tries again), and it does not answer the requests that a dead instance
leaves behind: their connections are the caller's, and `RequestEnded` still has to come for each.
"""

from __future__ import annotations

from typing import assert_never

from remuda.engines.contract import Failure
from remuda.errors import InternalError
from remuda.residency import refusals
from remuda.residency.commands import Command, Grant, RefusalKind, Refuse, Start, Stop, WakeAt
from remuda.residency.events import (
    Event,
    InstanceAdopted,
    InstanceFailed,
    InstanceReady,
    InstanceStopped,
    RequestAbandoned,
    RequestArrived,
    RequestEnded,
    ShutdownAsked,
    TimerFired,
    TtlAsked,
    UnloadAsked,
)
from remuda.residency.instance import Instance
from remuda.residency.ledger import Ledger, Occupancy
from remuda.residency.policy import Policy
from remuda.residency.schedule import Schedule, schedule
from remuda.residency.states import State
from remuda.residency.status import ModelStatus, WaitingFor
from remuda.residency.waiting import Waiting

# Python 3.11 takes longer to find a member of an enumeration than for the rest of such a decision.
_READY = State.READY


class Residency:
    """Which instances are up, coming and going, and who waits for them."""

    def __init__(self, policy: Policy) -> None:
        self._ledger = Ledger(policy)
        self._instances = {model: Instance(resident) for model, resident in policy.residents.items()}
        self._up = Occupancy(self._ledger)
        self._waiting = Waiting()
        self._waiting_for: dict[str, WaitingFor] = {}
        self._granted: dict[int, tuple[Instance, int]] = {}
        self._commands: list[Command] = []
        self._wake_at: float | None = None
        self._last_attempt = 0
        self._turn = 0
        self._shutting_down = False

    @property
    def is_stopped(self) -> bool:
        """Whether nothing is up; after `ShutdownAsked` it stays so."""
        return not self._up.members

    def snapshot(self) -> tuple[ModelStatus, ...]:
        """Every model as it is now, in the order of the policy."""
        return tuple(map(self._status, self._instances.values()))

    def state(self, model: str) -> State:
        """The state of a model's instance."""
        return self._instances[model].state

    def load(self, model: str) -> int:
        """How many requests the model serves, and how many wait for it."""
        return self._instances[model].in_flight + self._waiting.count(model)

    def memory_bytes(self, model: str) -> int:
        """What an instance of the model may use of all its devices together."""
        return sum(self._instances[model].resident.claims.values())

    def expires_at(self, model: str) -> float | None:
        """When the model's instance will be stopped if nobody asks for it."""
        return self._instances[model].expires_at

    def handle(self, event: Event, now: float) -> list[Command]:
        """Take note of what happened; returns what to do, in order. `now` must never run backwards.

        Raises `KeyError` for a model that the policy does not have. What concerns an attempt or a request that is over
        is ignored: it may have crossed with the command that ended it.
        """
        commands: list[Command] = []
        self._commands = commands
        match event:
            case RequestArrived(request, model, priority):
                self._arrived(request, self._instances[model], priority, now)
            case RequestEnded(request) | RequestAbandoned(request):
                self._left(request, now)
            case InstanceReady(model, attempt):
                self._ready(self._instances[model], attempt, now)
            case InstanceFailed(model, attempt, failure):
                self._failed(self._instances[model], attempt, failure, now)
            case InstanceStopped(model, attempt):
                self._stopped(self._instances[model], attempt, now)
            case InstanceAdopted(model, attempt):
                self._adopted(self._instances[model], attempt, now)
            case UnloadAsked(model, kill):
                self._unload(self._instances[model], now, kill=kill)
            case TtlAsked(model, ttl_s):
                self._set_ttl(self._instances[model], ttl_s, now)
            case TimerFired():
                self._wake_at = None
                self._settle(now)
            case ShutdownAsked(kill):
                self._shut_down(now, kill=kill)
            case _:
                assert_never(event)
        return commands

    def take(self, request: int, model: str) -> bool:
        """Grant a request at once if the model is ready; else nothing has happened, and `RequestArrived` must follow.

        The same decision as for that event, without an event and a command: most requests are for a ready model.
        """
        instance = self._instances[model]
        if instance.state is not _READY:
            return False
        self._take(instance, request)
        return True

    def give_back(self, request: int, now: float) -> bool:
        """End a granted request if nothing follows from it; else nothing has changed, and `RequestEnded` must come."""
        granted = self._granted.get(request)
        if granted is None:
            return False
        instance, attempt = granted
        if instance.attempt != attempt or instance.state is not _READY:
            return False
        if instance.in_flight == 1 and (self._waiting or instance.ttl_s is not None):
            return False
        del self._granted[request]
        instance.in_flight -= 1
        if not instance.in_flight:
            self._turn += 1
            instance.last_used = self._turn
            instance.idle_since = now
        return True

    # Requests

    def _arrived(self, request: int, instance: Instance, priority: int, now: float) -> None:
        model = instance.model
        if instance.state is State.READY:  # 1
            self._grant(instance, request)
        elif self._shutting_down:  # 2
            self._refuse(request, model, RefusalKind.SHUTTING_DOWN, refusals.SHUTTING_DOWN)
        elif excess := self._ledger.excess(model):  # 3
            message = refusals.cannot_fit(model, self._ledger.claims[model], excess)
            self._refuse(request, model, RefusalKind.CANNOT_FIT, message)
        else:  # 4
            self._waiting.add(request, model, priority)
            self._settle(now)

    def _left(self, request: int, now: float) -> None:
        """A request is over; a client may leave in the very turn in which it is granted."""
        if request in self._waiting:
            self._waiting.withdraw(request)
            self._settle(now)
        elif request in self._granted:
            instance, attempt = self._granted.pop(request)
            if instance.attempt == attempt and instance.in_flight:
                self._finished(instance, now)

    def _finished(self, instance: Instance, now: float) -> None:
        instance.in_flight -= 1
        if instance.in_flight:
            return
        self._use(instance)
        instance.idle_since = now
        expires_at = instance.expires_at
        if self._waiting or instance.state is State.DRAINING or (expires_at is not None and expires_at <= now):
            self._settle(now)
        elif expires_at is not None:
            self._wake_by(expires_at)

    def _grant(self, instance: Instance, request: int) -> None:
        self._take(instance, request)
        self._commands.append(Grant(request, instance.model))

    def _take(self, instance: Instance, request: int) -> None:
        instance.in_flight += 1
        instance.idle_since = None
        self._turn += 1
        instance.last_used = self._turn
        self._granted[request] = (instance, instance.attempt)

    def _grant_all(self, instance: Instance) -> None:
        for request in self._waiting.take(instance.model):
            self._grant(instance, request)

    def _refuse(
        self, request: int, model: str, kind: RefusalKind, message: str, failure: Failure | None = None
    ) -> None:
        self._commands.append(Refuse(request, model, kind, message, failure))

    def _refuse_all(self, model: str, kind: RefusalKind, message: str, failure: Failure | None = None) -> None:
        for request in self._waiting.take(model):
            self._refuse(request, model, kind, message, failure)

    # Instances

    def _ready(self, instance: Instance, attempt: int, now: float) -> None:
        if instance.attempt == attempt and instance.state is State.STARTING:
            self._serve(instance, now)

    def _adopted(self, instance: Instance, attempt: int, now: float) -> None:
        if instance.state is not State.STOPPED:
            message = f"cannot adopt an instance of `{instance.model}`: there is one that is {instance.state}"
            raise InternalError(message)
        instance.attempt = attempt
        self._last_attempt = max(self._last_attempt, attempt)
        self._up.add(instance.model)
        self._serve(instance, now)

    def _serve(self, instance: Instance, now: float) -> None:
        """It can serve; whoever waits for it is granted before anything else can be decided about it."""
        instance.move(State.READY, now)
        instance.idle_since = now
        instance.last_failure = None
        self._use(instance)
        self._grant_all(instance)
        if self._shutting_down:
            self._dismiss(instance, refusals.SHUTTING_DOWN, now)
        self._settle(now)

    def _failed(self, instance: Instance, attempt: int, failure: Failure, now: float) -> None:
        if not _is_current(instance, attempt):
            return
        if instance.state is not State.STOPPING:
            instance.last_failure = failure
        if instance.state is State.STARTING:
            message = refusals.load_failed(instance.model, failure)
            self._refuse_all(instance.model, RefusalKind.LOAD_FAILED, message, failure)
        self._gone(instance, now)

    def _stopped(self, instance: Instance, attempt: int, now: float) -> None:
        if _is_current(instance, attempt):
            self._gone(instance, now)

    def _gone(self, instance: Instance, now: float) -> None:
        instance.move(State.STOPPED, now)
        instance.forget()
        self._up.remove(instance.model)
        self._settle(now)

    def _start(self, instance: Instance, now: float) -> None:
        instance.move(State.STARTING, now)
        self._last_attempt += 1
        instance.attempt = self._last_attempt
        self._up.add(instance.model)
        self._commands.append(Start(instance.model, instance.attempt))

    def _stop(self, instance: Instance, reason: str, now: float, *, kill: bool = False) -> None:
        instance.move(State.STOPPING, now)
        self._command_stop(instance, reason, kill=kill)

    def _command_stop(self, instance: Instance, reason: str, *, kill: bool) -> None:
        instance.killed = kill
        self._commands.append(Stop(instance.model, instance.attempt, reason, kill))

    def _use(self, instance: Instance) -> None:
        self._turn += 1
        instance.last_used = self._turn

    # What people ask for

    def _unload(self, instance: Instance, now: float, *, kill: bool) -> None:
        if instance.state is State.STOPPED:
            return
        if instance.state is State.STARTING:
            self._refuse_all(instance.model, RefusalKind.UNLOADED, refusals.unloaded(instance.model))
        self._dismiss(instance, "unload was asked for", now, kill=kill)
        self._settle(now)

    def _set_ttl(self, instance: Instance, ttl_s: float | None, now: float) -> None:
        if instance.state is not State.STOPPED and ttl_s != instance.ttl_s:
            instance.ttl_s = ttl_s
            self._settle(now)

    def _shut_down(self, now: float, *, kill: bool) -> None:
        self._shutting_down = True
        for model in self._waiting.models():
            self._refuse_all(model, RefusalKind.SHUTTING_DOWN, refusals.SHUTTING_DOWN)
        for model in self._up.members:
            self._dismiss(self._instances[model], refusals.SHUTTING_DOWN, now, kill=kill)
        self._settle(now)

    def _dismiss(self, instance: Instance, reason: str, now: float, *, kill: bool = False) -> None:
        """End the instance for good: after its requests, or at once if it has none or is to be killed."""
        if instance.state is State.STOPPING:
            if kill and not instance.killed:
                self._command_stop(instance, reason, kill=True)
        elif kill or not instance.in_flight:
            self._stop(instance, reason, now, kill=kill)
        else:
            instance.leaving = reason
            self._drain(instance, now)

    def _drain(self, instance: Instance, now: float) -> None:
        if instance.state is State.READY:
            instance.move(State.DRAINING, now)

    # Settling

    def _settle(self, now: float) -> None:
        self._stop_what_is_over(now)  # 1
        decided = schedule(self._waiting.models(), self._instances, self._up, self._ledger)  # 2
        self._waiting_for = decided.waiting_for
        self._let_stay(decided, now)  # 3
        for model in decided.grant:  # 4
            self._grant_all(self._instances[model])
        for model in decided.drain:  # 5
            self._drain(self._instances[model], now)
        for victim, newcomer in decided.stop.items():
            self._stop(self._instances[victim], f"evicted for `{newcomer}`", now)
        for model in decided.start:  # 6
            self._start(self._instances[model], now)
        self._set_timer()  # 7

    def _stop_what_is_over(self, now: float) -> None:
        for instance in self._serving():
            if instance.leaving is not None and not instance.in_flight:
                self._stop(instance, instance.leaving, now)
        for instance, expires_at in self._expiring():
            if expires_at <= now:
                self._stop(instance, f"idle for {instance.ttl_s:g} s", now)

    def _let_stay(self, decided: Schedule, now: float) -> None:
        for instance in self._serving():
            wanted_gone = instance.model in decided.drain or instance.model in decided.stop
            if instance.state is State.DRAINING and instance.leaving is None and not wanted_gone:
                instance.move(State.READY, now)

    def _set_timer(self) -> None:
        if expiring := self._expiring():
            self._wake_by(min(expires_at for _, expires_at in expiring))

    def _wake_by(self, at: float) -> None:
        if self._wake_at is None or at < self._wake_at:
            self._wake_at = at
            self._commands.append(WakeAt(at))

    def _expiring(self) -> list[tuple[Instance, float]]:
        """What its ttl will end, and when; without what has to wait because something starts beside it."""
        starting = [model for model in self._up.members if self._instances[model].state is State.STARTING]
        return [
            (instance, expires_at)
            for instance in self._serving()
            if (expires_at := instance.expires_at) is not None
            and not any(self._ledger.share_device(instance.model, model) for model in starting)
        ]

    def _serving(self) -> list[Instance]:
        up = map(self._instances.__getitem__, self._up.members)
        return [instance for instance in up if instance.state is State.READY or instance.state is State.DRAINING]

    def _status(self, instance: Instance) -> ModelStatus:
        return ModelStatus(
            model=instance.model,
            state=instance.state,
            since=instance.since,
            attempt=instance.attempt,
            in_flight=instance.in_flight,
            waiting=self._waiting.count(instance.model),
            waiting_for=self._waiting_for.get(instance.model),
            expires_at=instance.expires_at,
            last_failure=instance.last_failure,
        )


def _is_current(instance: Instance, attempt: int) -> bool:
    return instance.attempt == attempt and instance.state is not State.STOPPED
