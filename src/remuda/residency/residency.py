"""The owner of every decision about which instances are up: events in, commands out.

`Residency` knows no clock, no process and no socket, and nothing in it waits: the caller reports what happened and
carries out what comes back, in order. It is used from one place at a time and needs no lock. The same events at the
same times give the same commands.

What becomes of a request that arrives:

1. its model is ready: it is granted, whatever the size of the fleet (a draining instance is not ready);
2. the daemon is shutting down: it is refused;
3. its model cannot be loaded (`remuda.residency.objection`): it is refused, and nothing is evicted for it;
4. otherwise it waits, and joins the load if there is one.

Whenever something changes that those who wait could profit from, everything is settled:

1. what has to go and has nothing left to do is stopped; so is what was idle for its ttl; who waits for what can no
   longer be loaded is refused;
2. those who wait are considered in their order (`remuda.residency.waiting`, `remuda.residency.schedule`);
3. what no longer has to go may stay;
4. who waits for an instance that is up after all is granted;
5. what has to go for somebody drains, and is put to sleep or stopped;
6. what has room is started, or woken;
7. the timer is set for the next time at which something may change by itself.

A start that fails gives back what was stopped for it: those instances are started again as long as there is room. It
does not answer the requests that a dead instance leaves behind: their connections are the caller's, and `RequestEnded`
still has to come for each.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from remuda.engines.contract import Failure
from remuda.errors import InternalError
from remuda.residency import refusals
from remuda.residency.commands import Command, RefusalKind, Refuse
from remuda.residency.events import (
    DeviceReturned,
    DevicesObserved,
    DeviceYielded,
    Event,
    InstanceAdopted,
    InstanceAsleep,
    InstanceFailed,
    InstanceReady,
    InstanceStopped,
    LeaseAsked,
    LeaseEnded,
    MemoryHeld,
    MemoryMeasured,
    PolicyChanged,
    PreloadAsked,
    RequestAbandoned,
    RequestArrived,
    RequestEnded,
    ShutdownAsked,
    SleepFailed,
    TimerFired,
    TtlAsked,
    UnloadAsked,
)
from remuda.residency.explain import explain
from remuda.residency.herd import Herd
from remuda.residency.instance import Instance
from remuda.residency.leases import Lease
from remuda.residency.ledger import Occupancy
from remuda.residency.objection import Objection, objection
from remuda.residency.policy import Policy
from remuda.residency.schedule import Schedule, schedule
from remuda.residency.settling import carry_out, refuse_the_hopeless, stop_what_is_over
from remuda.residency.states import COMING, State
from remuda.residency.status import Explanation, ModelStatus

_OfAttempt = InstanceReady | InstanceFailed | InstanceStopped | InstanceAsleep | SleepFailed | MemoryHeld

# Python 3.11 takes longer to find a member of an enumeration than for the rest of such a decision.
_READY = State.READY


class Residency:
    """Which instances are up, coming and going, and who waits for them."""

    def __init__(self, policy: Policy) -> None:
        self._herd = Herd(policy)
        self._wishes: dict[str, None] = {}
        self._keeps_up = False
        self._shutting_down = False

    # What can be seen

    @property
    def is_stopped(self) -> bool:
        """Whether nothing is up; after `ShutdownAsked` it stays so."""
        return not self._herd.up.members

    def snapshot(self) -> tuple[ModelStatus, ...]:
        """Every model as it is now, in the order of the policy; removed ones last, as long as they are up."""
        return tuple(map(self._herd.status, self._herd.instances.values()))

    def state(self, model: str) -> State:
        """The state of a model's instance."""
        return self._herd.instances[model].state

    def load(self, model: str) -> int:
        """How many requests the model serves, and how many wait for it."""
        return self._herd.instances[model].in_flight + self._herd.waiting.count(model)

    def memory_bytes(self, model: str) -> int:
        """What an instance of the model may use of all its devices together."""
        return sum(self._herd.ledger.need(model).claims.values())

    def expires_at(self, model: str) -> float | None:
        """When the model's instance will be stopped if nobody asks for it."""
        return self._herd.instances[model].expires_at

    def explain(self, model: str, now: float) -> Explanation:
        """What would happen if the model were asked for now. Raises `KeyError` for an unknown one."""
        return explain(self._herd.picture(now), model)

    def leases(self) -> Mapping[str, Lease]:
        """Every lease that has not been given back, by its name."""
        return self._herd.leases.all()

    def yielded(self) -> Mapping[str, str]:
        """The devices that others have been given, and who."""
        return self._herd.ledger.lent.copy()

    def users(self, device: str) -> tuple[str, ...]:
        """The models that are up and use the device."""
        return tuple(model for model in self._herd.up.members if device in self._herd.ledger.need(model).claims)

    # What happens

    def handle(self, event: Event, now: float) -> list[Command]:
        """Take note of what happened; returns what to do, in order. `now` must never run backwards.

        Raises `KeyError` for a model that the policy does not have. What concerns an attempt or a request that is over
        is ignored: it may have crossed with the command that ended it.
        """
        commands: list[Command] = []
        self._herd.commands = commands
        match event:
            case RequestArrived():
                self._arrived(event, self._herd.instances[event.model], now)
            case RequestEnded(request) | RequestAbandoned(request):
                self._left(request, now)
            case InstanceAdopted(model):
                self._adopted(self._herd.instances[model], event, now)
            case TimerFired():
                self._herd.wake_at = None
                self._settle(now)
            case _ if isinstance(event, _OfAttempt):
                self._heard(event, now)
            case _:
                self._ordered(event, now)
        return commands

    def take(self, request: int, model: str, now: float, priority: int = 0) -> bool:
        """Grant a request at once if the model is ready; else nothing has happened, and `RequestArrived` must follow.

        The same decision as for that event, without an event and a command: most requests are for a ready model.
        Whoever waits for too long has made every instance drain that is in the way, so a ready one is in nobody's.
        """
        instance = self._herd.instances[model]
        if instance.state is not _READY:
            return False
        if not instance.in_flight:
            instance.worth.resume(now)
        self._herd.take(instance, request, priority + instance.resident.priority)
        return True

    def give_back(self, request: int, now: float) -> bool:
        """End a granted request if nothing follows from it; else nothing has happened: `RequestEnded` must follow."""
        granted = self._herd.granted.get(request)
        if granted is None:
            return False
        instance, attempt = granted
        if instance.attempt != attempt or instance.state is not _READY:
            return False
        if instance.in_flight == 1 and (self._herd.waiting or instance.ttl_s is not None):
            return False
        del self._herd.granted[request]
        self._herd.served(instance, now)
        return True

    # Requests

    def _arrived(self, event: RequestArrived, instance: Instance, now: float) -> None:
        request, model = event.request, event.model
        priority = event.priority + instance.resident.priority
        if event.insists:
            instance.failures.forget()
        instance.sent_away = False
        instance.worth.resume(now)
        if instance.state is State.READY:  # 1
            self._herd.grant(instance, request, priority)
        elif self._shutting_down:  # 2
            self._herd.commands.append(Refuse(request, model, RefusalKind.SHUTTING_DOWN, refusals.SHUTTING_DOWN))
        elif not self._may_join(instance) and (objected := objection(self._herd.picture(now), model)):  # 3
            self._herd.refuse(request, model, objected)
        else:  # 4
            is_one_of_many = self._has_its_turn(instance, now)
            self._herd.waiting.add(request, model, priority, now)
            if not is_one_of_many:
                self._settle(now)

    def _may_join(self, instance: Instance) -> bool:
        """Whether a request may wait for the instance that is up: it is starting, or may yet be let stay."""
        return instance.staying and (instance.state in COMING or not self._herd.ledger.excess(instance.model))

    def _has_its_turn(self, instance: Instance, now: float) -> bool:
        """Whether some wait whose turn one more or less does not change: their load has begun, or they are overdue.

        Where requests gather by the thousand, nothing is worth deciding a thousand times.
        """
        if not self._herd.waiting.count(instance.model):
            return False
        is_loading = instance.state is State.STARTING and instance.staying
        return is_loading or self._herd.picture(now).is_overdue(instance.model)

    def _left(self, request: int, now: float) -> None:
        """A request is over; a client may leave in the very turn in which it is granted."""
        if request in self._herd.waiting:
            model = self._herd.waiting.withdraw(request)
            if not self._has_its_turn(self._herd.instances[model], now):
                self._settle(now)
        elif request in self._herd.granted:
            instance, attempt = self._herd.granted.pop(request)
            if instance.attempt == attempt and instance.in_flight:
                self._finished(instance, now)

    def _finished(self, instance: Instance, now: float) -> None:
        self._herd.served(instance, now)
        if instance.in_flight:
            return
        if instance.drain_since is not None:
            instance.worth.have_drained(now - instance.drain_since)
            instance.drain_since = None
        expires_at = instance.expires_at
        if self._herd.waiting or instance.state is State.DRAINING or (expires_at is not None and expires_at <= now):
            self._settle(now)
        elif expires_at is not None:
            self._herd.wake_by(expires_at)

    # Instances

    def _heard(self, event: _OfAttempt, now: float) -> None:
        instance = self._herd.instances.get(event.model)
        if instance is None or instance.attempt != event.attempt or instance.state is State.STOPPED:
            return
        match event:
            case MemoryHeld():
                self._herd.ledger.hold(event.device, event.used_bytes, event.by)
                self._herd.doubt_all()
            case InstanceFailed():
                self._failed(instance, event.failure, now)
            case InstanceStopped():
                self._gone(instance, now)
            case InstanceReady():
                self._come(instance, now)
            case InstanceAsleep() | SleepFailed() if instance.state is State.FALLING_ASLEEP:
                self._rest(instance, event, now)

    def _come(self, instance: Instance, now: float) -> None:
        """A start, or a waking, is over."""
        took_s = now - (now if instance.since is None else instance.since)
        if instance.state is State.STARTING:
            instance.worth.load_s = took_s
            self._serve(instance, now)
        elif instance.state is State.WAKING:
            instance.worth.wake_s = took_s
            self._herd.be_awake(instance)
            self._serve(instance, now)

    def _rest(self, instance: Instance, event: InstanceAsleep | SleepFailed, now: float) -> None:
        """It is asleep; or it could not be put to sleep, and goes for good."""
        if isinstance(event, InstanceAsleep):
            self._herd.rest(instance, event.keeps, now)
            self._herd.room_was_made(instance)
        else:
            instance.sleepless = True
            self._herd.stop(instance, f"it could not be put to sleep: {event.reason}", now)
        self._settle(now)

    def _adopted(self, instance: Instance, event: InstanceAdopted, now: float) -> None:
        if instance.state is not State.STOPPED:
            message = f"cannot adopt an instance of `{instance.model}`: there is one that is {instance.state}"
            raise InternalError(message)
        instance.attempt = event.attempt
        self._herd.last_attempt = max(self._herd.last_attempt, event.attempt)
        self._herd.come_up(instance)
        if event.asleep is not None:
            instance.idle_since = now
            self._herd.rest(instance, event.asleep, now)
            self._settle(now)
        else:
            self._serve(instance, now)

    def _serve(self, instance: Instance, now: float) -> None:
        """It can serve; whoever waits for it is granted before anything else can be decided about it."""
        instance.move(State.READY, now)
        instance.ready_since = instance.idle_since = now
        instance.failures.last = None
        instance.evicted.clear()
        self._herd.use(instance)
        self._herd.grant_all(instance)
        if self._shutting_down:
            self._herd.dismiss(instance, refusals.SHUTTING_DOWN, now)
        self._settle(now)

    def _failed(self, instance: Instance, failure: Failure, now: float) -> None:
        if instance.state is not State.STOPPING:
            instance.failures.add(failure, now, self._herd.ledger.policy.retry)
        if instance.state in COMING:
            message = refusals.load_failed(instance.model, failure, instance.evicted)
            self._wish(instance.evicted)
            instance.evicted.clear()
            retry_at = instance.failures.retry_at
            after_s = None if retry_at is None or math.isinf(retry_at) else retry_at - now
            self._herd.refuse_all(instance.model, Objection(RefusalKind.LOAD_FAILED, message, failure, after_s))
        self._gone(instance, now)

    def _gone(self, instance: Instance, now: float) -> None:
        instance.move(State.STOPPED, now)
        instance.forget()
        self._herd.room_was_made(instance)
        self._herd.doubted.add(instance.model)
        self._herd.up.remove(instance.model)
        self._herd.ledger.release(instance.model)
        if instance.model not in self._herd.ledger.policy.residents:
            del self._herd.instances[instance.model]
        self._settle(now)

    # What people ask for

    def _ordered(self, event: Event, now: float) -> None:
        match event:
            case UnloadAsked(model, kill):
                self._unload(self._herd.instances[model], now, kill=kill)
            case TtlAsked(model, ttl_s):
                self._set_ttl(self._herd.instances[model], ttl_s)
            case LeaseAsked(lease, model, until):
                self._herd.leases.put(lease, self._herd.instances[model].model, until)
            case LeaseEnded(lease):
                self._herd.leases.end(lease)
            case DeviceYielded():
                self._yield(event, now)
            case DeviceReturned(device):
                self._herd.ledger.lent.pop(device, None)
            case DevicesObserved(foreign):
                self._herd.ledger.observe(foreign)
            case MemoryMeasured(model, claims):
                self._measured(model, claims)
            case PreloadAsked():
                self._preload()
            case PolicyChanged(policy):
                self._adopt(policy, now)
            case ShutdownAsked(kill):
                self._shut_down(now, kill=kill)
            case _:
                raise InternalError(f"nobody handles {event}")
        self._herd.doubt_all()
        self._settle(now)

    def _unload(self, instance: Instance, now: float, *, kill: bool) -> None:
        self._wishes.pop(instance.model, None)
        instance.sent_away = True
        if instance.state in COMING:
            why = Objection(RefusalKind.UNLOADED, refusals.unloaded(instance.model))
            self._herd.refuse_all(instance.model, why)
        if instance.state is not State.STOPPED:
            self._herd.dismiss(instance, "unload was asked for", now, kill=kill)

    def _set_ttl(self, instance: Instance, ttl_s: float | None) -> None:
        if instance.state is not State.STOPPED:
            instance.ttl_s = ttl_s

    def _yield(self, event: DeviceYielded, now: float) -> None:
        self._herd.ledger.lent[event.device] = event.to
        for model in self.users(event.device):
            reason = f"`{event.device}` has been lent to {event.to}"
            self._herd.dismiss(self._herd.instances[model], reason, now, kill=event.kill)

    def _measured(self, model: str, claims: Mapping[str, int]) -> None:
        if model not in self._herd.instances:
            return
        self._herd.ledger.measure(model, claims)
        if model in self._herd.up:
            self._herd.up = Occupancy(self._herd.ledger, self._herd.up.members)

    def _preload(self) -> None:
        self._keeps_up = True
        self._wish(sorted(model for model, instance in self._herd.instances.items() if instance.resident.preload))

    def _wish(self, models: Iterable[str]) -> None:
        """From now on it would be good to have these up, once; if there is room."""
        if not self._shutting_down:
            self._wishes.update(dict.fromkeys(model for model in models if model in self._herd.ledger.policy.residents))

    def _adopt(self, policy: Policy, now: float) -> None:
        """The fleet has changed: what is up may stay, has to go, or has to go for good."""
        before, self._herd.instances = self._herd.instances, {}
        for model, resident in policy.residents.items():
            self._herd.instances[model] = instance = before.pop(model, None) or Instance(resident)
            if resident.fingerprint != instance.resident.fingerprint:
                self._herd.ledger.forget_measured(model)
            instance.adopt(resident)
        for model, instance in sorted(before.items()):
            self._herd.refuse_all(model, Objection(RefusalKind.REMOVED, refusals.removed(model)))
            self._herd.ledger.forget_measured(model)
            if instance.state is not State.STOPPED:
                self._herd.instances[model] = instance
        self._wishes = {model: None for model in self._wishes if model in policy.residents}
        departing = {model: i.resident for model, i in self._herd.instances.items() if model not in policy.residents}
        self._herd.ledger.adopt(policy, departing)
        self._herd.up = Occupancy(self._herd.ledger, self._herd.up.members)
        for model in self._herd.up.members:
            instance = self._herd.instances[model]
            if model in departing:
                self._herd.dismiss(instance, "it is not in the fleet any more", now)
            elif instance.fingerprint != instance.resident.fingerprint:
                self._herd.dismiss(instance, "its settings have changed", now)

    def _shut_down(self, now: float, *, kill: bool) -> None:
        self._shutting_down = True
        self._wishes.clear()
        for model in self._herd.waiting.models():
            self._herd.refuse_all(model, Objection(RefusalKind.SHUTTING_DOWN, refusals.SHUTTING_DOWN))
        for model in self._herd.up.members:
            self._herd.dismiss(self._herd.instances[model], refusals.SHUTTING_DOWN, now, kill=kill)

    # Settling

    def _settle(self, now: float) -> None:
        self._herd.leases.expire(now)
        stop_what_is_over(self._herd, now)  # 1
        refuse_the_hopeless(self._herd, now)
        picture = self._herd.picture(now)
        self._wishes = {model: None for model in self._wishes if not objection(picture, model)}
        decided = schedule(picture, self._wanted(now), tuple(self._wishes))  # 2
        self._herd.waiting_for = decided.waiting_for
        for model in decided.dropped:
            del self._wishes[model]
        carry_out(decided, self._herd, now)  # 3, 4, 5, 6
        self._set_timer(decided, now)  # 7

    def _wanted(self, now: float) -> list[str]:
        """What is to be up without requests, as far as nothing is against it."""
        if not self._keeps_up or self._shutting_down:
            return []
        down = (i for i in self._herd.instances.values() if i.state is State.STOPPED or i.state is State.ASLEEP)
        always_on = (i for i in down if i.resident.always_on)
        return sorted(i.model for i in always_on if not i.sent_away and not objection(self._herd.picture(now), i.model))

    def _set_timer(self, decided: Schedule, now: float) -> None:
        times = decided.wake_at.copy()
        if (lease_end := self._herd.leases.next_end()) is not None:
            times.append(lease_end)
        if self._keeps_up and not self._shutting_down:
            times += [
                retry_at
                for instance in self._herd.instances.values()
                if instance.resident.always_on and (retry_at := instance.failures.retry_at) is not None
            ]
        due = [expires_at for _, expires_at in self._herd.expiring(now)] + [at for at in times if now < at < math.inf]
        if due:
            self._herd.wake_by(min(due))
