"""A world for a residency to live in: engines, clients and people that a test moves by hand, and the laws of it.

It keeps books of its own, carries out every command and asserts with each that it was lawful; what has room is asked of
`tests.residency.room`. Everything that was told is recorded, so that it can be told again to another residency.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from remuda.engines.contract import Failure
from remuda.residency.commands import Command, Grant, RefusalKind, Refuse, Sleep, Start, Stop, Wake, WakeAt
from remuda.residency.events import (
    DeviceReturned,
    DevicesObserved,
    DeviceYielded,
    Event,
    Foreign,
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
    UnloadAsked,
)
from remuda.residency.policy import Policy
from remuda.residency.residency import Residency
from remuda.residency.states import State
from tests.residency.room import Engine, Phase, Room, both

COMING = (Phase.STARTING, Phase.WAKING)

Told = Callable[[Residency], object]
"""Something that a residency is told, with the answer as its result."""


@dataclass(frozen=True)
class Waiter:
    """Who waits: for what, and since when."""

    model: str
    since: float


class World:
    """Engines that are up, requests that wait, requests that are served, people with wishes."""

    def __init__(self, policy: Policy) -> None:
        self.residency = Residency(policy)
        self.room = Room(policy)
        self.now = 0.0
        self.wake_at: float | None = None
        self.waiting: dict[int, Waiter] = {}
        self.served: dict[int, tuple[str, int]] = {}
        self.leases: dict[str, tuple[str, float | None]] = {}
        self.outcomes: set[int] = set()
        self.told: list[tuple[Told, object]] = []
        self.shutting_down = False
        self._event: Event = TimerFired()
        self._doomed: set[str] = set()
        self._wanted: set[str] = set()
        self._evicted_for: dict[str, set[str]] = {}
        self._failed: set[str] = set()
        self._sleepless: set[tuple[str, str]] = set()
        self._requests = 0

    @property
    def policy(self) -> Policy:
        return self.room.policy

    @property
    def engines(self) -> dict[str, Engine]:
        return self.room.engines

    # What a test can make happen

    def tell(self, event: Event) -> None:
        self._event = event
        commands = self.residency.handle(event, self.now)
        self.told.append((_telling(event, self.now), commands))
        for command in commands:
            self._carry_out(command)

    def arrive(self, model: str, *, priority: int = 0, insists: bool = False) -> int:
        """Somebody asks; the fast way is tried first, as the daemon does."""
        self._requests += 1
        request = self._requests
        self.waiting[request] = Waiter(model, self.now)
        self._event = RequestArrived(request, model, priority, insists)
        now = self.now
        taken = self.residency.take(request, model, now, priority)
        self.told.append((lambda residency: residency.take(request, model, now, priority), taken))
        if taken:
            self._grant(request, model)
        else:
            self.tell(self._event)
        return request

    def end(self, request: int) -> None:
        del self.served[request]
        now = self.now
        ended = self.residency.give_back(request, now)
        self.told.append((lambda residency: residency.give_back(request, now), ended))
        if not ended:
            self.tell(RequestEnded(request))

    def abandon(self, request: int) -> None:
        """The client leaves, whether it waits or is served."""
        if self.waiting.pop(request, None) is not None:
            self.outcomes.add(request)
        self.served.pop(request, None)
        self.tell(RequestAbandoned(request))

    def adopt(self, model: str, attempt: int, *, is_asleep: bool = False) -> None:
        self._put_up(model, attempt, Phase.READY)
        if is_asleep:
            self._lay_down(model, {})
        self.tell(InstanceAdopted(model, attempt, {} if is_asleep else None))

    def become_ready(self, model: str) -> None:
        engine = self.engines[model]
        if engine.phase is Phase.WAKING:
            engine.claims, engine.alone = dict(self.room.claims(model)), self.room.alone(model)
        engine.phase = Phase.READY
        self._evicted_for.pop(model, None)
        self.tell(InstanceReady(model, self.engines[model].attempt))

    def have_fallen_asleep(self, model: str, keeps: dict[str, int]) -> None:
        """The engine is asleep, and has been seen to keep so much of some devices."""
        self._lay_down(model, keeps)
        self.tell(InstanceAsleep(model, self.engines[model].attempt, keeps))

    def be_sleepless(self, model: str) -> None:
        """The engine could not be put to sleep."""
        self._doomed.add(model)
        self._sleepless.add((model, self.engines[model].resident.fingerprint))
        self.tell(SleepFailed(model, self.engines[model].attempt, "no luck"))

    def have_stopped(self, model: str, *, held_bytes: int = 0) -> None:
        """The engine is gone; so many bytes of its devices do not come back."""
        engine = self._gone(model, held_bytes)
        self.tell(InstanceStopped(model, engine.attempt))

    def die(self, model: str, failure: Failure) -> None:
        engine = self._gone(model, 0)
        self._failed.add(model)
        if engine.phase in COMING:
            self._wanted |= self._evicted_for.pop(model, set())
        self.tell(InstanceFailed(model, engine.attempt, failure))

    def unload(self, model: str, *, kill: bool) -> None:
        self._doomed |= {model} & self.engines.keys()
        self.tell(UnloadAsked(model, kill=kill))

    def shut_down(self, *, kill: bool) -> None:
        self.shutting_down = True
        self._doomed |= self.engines.keys()
        self.tell(ShutdownAsked(kill=kill))

    def lease(self, name: str, model: str, seconds: float | None) -> None:
        until = None if seconds is None else self.now + seconds
        self.leases[name] = (model, until)
        self.tell(LeaseAsked(name, model, until))

    def end_lease(self, name: str) -> None:
        self.leases.pop(name, None)
        self.tell(LeaseEnded(name))

    def yield_device(self, device: str, *, kill: bool) -> None:
        self.room.yielded.add(device)
        self._doomed |= {model for model, engine in self.engines.items() if device in engine.claims}
        self.tell(DeviceYielded(device, "a game", kill=kill))

    def return_device(self, device: str) -> None:
        self.room.yielded.discard(device)
        self.tell(DeviceReturned(device))

    def observe(self, foreign: dict[str, int]) -> None:
        self.room.foreign |= foreign
        self.tell(DevicesObserved({device: Foreign(size, "a game") for device, size in foreign.items()}))

    def measure(self, model: str, claims: dict[str, int]) -> None:
        if self.room.known[model].claims_all:
            self.room.measured[model] = claims
            if model in self.engines and not self.engines[model].asleep:
                self.engines[model].claims = both(self.engines[model].claims, claims)
        self.tell(MemoryMeasured(model, claims))

    def preload(self) -> None:
        self._wanted |= {model for model, resident in self.policy.residents.items() if resident.preload}
        self.tell(PreloadAsked())

    def change(self, policy: Policy) -> None:
        self._doomed |= {
            model
            for model, engine in self.engines.items()
            if model not in policy.residents or policy.residents[model].fingerprint != engine.resident.fingerprint
        }
        self.room.adopt(policy)
        self.tell(PolicyChanged(policy))

    def pass_time(self, seconds: float) -> None:
        until = self.now + seconds
        for _ in range(1_000):
            if self.wake_at is None or self.wake_at > until:
                self.now = until
                return
            self.now = max(self.now, self.wake_at)
            self.wake_at = None
            self.tell(TimerFired())
        raise AssertionError("the timer never rests")

    def in_phase(self, *phases: Phase) -> list[str]:
        return [model for model, engine in self.engines.items() if engine.phase in phases]

    def get_on(self) -> None:
        """Every stop, start, falling asleep and waking that is under way succeeds."""
        for model in self.in_phase(Phase.STOPPING):
            self.have_stopped(model)
        for model in self.in_phase(Phase.FALLING_ASLEEP):
            self.have_fallen_asleep(model, {})
        for model in self.in_phase(*COMING):
            self.become_ready(model)

    # The laws

    def check_books(self) -> None:
        """The snapshot tells what is so."""
        for status in self.residency.snapshot():
            engine = self.engines.get(status.model)
            alive = engine is not None and (status.model, engine.attempt)
            assert status.in_flight == sum(1 for whose in self.served.values() if whose == alive)
            assert status.waiting == sum(1 for waiter in self.waiting.values() if waiter.model == status.model)
            assert (status.waiting_for is not None) == (status.waiting > 0)
            assert status.state is not State.READY or not status.waiting
            assert (status.state is State.STOPPED) == (engine is None)
        assert self.residency.is_stopped == (not self.engines)
        due = [s.expires_at for s in self.residency.snapshot() if s.expires_at is not None and not self._held(s.model)]
        assert not due or (self.wake_at is not None and self.wake_at <= min(due))

    def _carry_out(self, command: Command) -> None:
        match command:
            case Start(model, attempt):
                self._start(model, attempt)
            case Stop():
                self._stop(command)
            case Sleep():
                self._sleep(command)
            case Wake(model, attempt):
                self._wake(model, attempt)
            case Grant(request, model):
                self._grant(request, model)
            case Refuse():
                self._refuse(command)
            case WakeAt(at):
                self.wake_at = at

    def _grant(self, request: int, model: str) -> None:
        waiter = self.waiting.pop(request)
        assert waiter.model == model
        assert self.engines[model].phase is Phase.READY
        assert model not in self._doomed or self.shutting_down
        if not isinstance(self._event, InstanceReady):
            assert not [old for old in self._older_than_allowed(request) if self._in_the_way(model, old)]
        self._outcome(request)
        self.served[request] = (model, self.engines[model].attempt)

    def _older_than_allowed(self, request: int) -> list[str]:
        """The models of those who came before the request and have waited for longer than anybody has to."""
        limit = self.now - self.policy.max_wait_s
        return [waiter.model for other, waiter in self.waiting.items() if other < request and waiter.since < limit]

    def _in_the_way(self, model: str, old: str) -> bool:
        """Whether the instance has to go for another, which could come if all who may be evicted went."""
        staying = [other for other in self.engines if other != model and not self._may_go(other)]
        return old != model and self._may_go(model) and self.room.conflict(old, model) and self.room.fits(old, staying)

    def _may_go(self, model: str) -> bool:
        resident = self.room.known[model]
        return resident.swappable and not resident.always_on and not self._leased(model)

    def _leased(self, model: str) -> bool:
        return any(whose == model and (until is None or until > self.now) for whose, until in self.leases.values())

    def _refuse(self, refusal: Refuse) -> None:
        model, kind = refusal.model, refusal.kind
        assert self.waiting.pop(refusal.request).model == model
        assert (kind is RefusalKind.SHUTTING_DOWN) == self.shutting_down
        assert refusal.retry_after_s is None or refusal.retry_after_s >= 0
        match kind:
            case RefusalKind.CANNOT_FIT:
                assert not self._alone_in_an_empty_world(model)
            case RefusalKind.HELD:
                assert not self.room.fits(model, [other for other in self.engines if not self._may_go(other)])
            case RefusalKind.YIELDED:
                assert not self.room.yielded.isdisjoint(self.room.claims(model))
            case RefusalKind.BACKING_OFF | RefusalKind.GIVEN_UP:
                assert model in self._failed
            case RefusalKind.REMOVED:
                assert model not in self.policy.residents
        self._outcome(refusal.request)

    def _alone_in_an_empty_world(self, model: str) -> bool:
        return Room(self.policy, measured=self.room.measured, known=self.room.known).fits(model, [])

    def _outcome(self, request: int) -> None:
        assert request not in self.outcomes
        self.outcomes.add(request)

    def _start(self, model: str, attempt: int) -> None:
        assert not self.shutting_down
        assert model not in self.engines
        self._may_come(model)
        assert all(attempt > engine.attempt for engine in self.engines.values())
        self._put_up(model, attempt, Phase.STARTING)

    def _may_come(self, model: str) -> None:
        assert self._is_wanted(model)
        assert self.room.fits(model, self.engines)
        assert not any(self.room.share_device(model, other) for other in self._in_transit())

    def _wake(self, model: str, attempt: int) -> None:
        engine = self.engines[model]
        assert not self.shutting_down
        assert (engine.attempt, engine.phase) == (attempt, Phase.ASLEEP)
        self._may_come(model)
        self._wanted.discard(model)
        engine.claims, engine.alone = dict(self.room.claims(model)), self.room.alone(model)
        engine.asleep = False
        engine.phase = Phase.WAKING

    def _sleep(self, command: Sleep) -> None:
        model = command.model
        engine, keeps = self.engines[model], self.room.known[model].asleep_claims
        assert (engine.attempt, engine.phase) == (command.attempt, Phase.READY)
        assert (model, command.attempt) not in self.served.values()
        assert keeps is not None
        assert (model, engine.resident.fingerprint) not in self._sleepless
        assert model not in self._doomed
        assert not self._held(model)
        assert self._may_go(model)
        self._evicted(command.reason, model)
        assert self.room.has_room_for(model, keeps)
        engine.claims = both(engine.claims, keeps)
        engine.phase = Phase.FALLING_ASLEEP

    def _lay_down(self, model: str, keeps: dict[str, int]) -> None:
        engine = self.engines[model]
        engine.claims = {**(self.room.known[model].asleep_claims or {}), **keeps}
        engine.alone = False
        engine.asleep = True
        engine.phase = Phase.ASLEEP

    def _evicted(self, reason: str, model: str) -> None:
        if reason.startswith("evicted for `"):
            self._evicted_for.setdefault(reason.split("`")[1], set()).add(model)

    def _is_wanted(self, model: str) -> bool:
        """Whether somebody waits for it, or it is to be up without requests, or it was evicted in vain."""
        asked = any(waiter.model == model for waiter in self.waiting.values())
        return asked or self.policy.residents[model].always_on or model in self._wanted

    def _stop(self, command: Stop) -> None:
        model = command.model
        engine = self.engines[model]
        assert engine.attempt == command.attempt
        assert not command.kill or getattr(self._event, "kill", False)
        assert engine.phase is not Phase.STOPPING or command.kill
        assert engine.phase not in {*COMING, Phase.FALLING_ASLEEP} or model in self._doomed
        if not command.kill:
            assert (model, command.attempt) not in self.served.values()
        if model not in self._doomed:
            assert not self._held(model)
            assert self._may_go(model) or "evicted" not in command.reason
        self._evicted(command.reason, model)
        engine.phase = Phase.STOPPING

    def _put_up(self, model: str, attempt: int, phase: Phase) -> None:
        self._doomed.discard(model)
        self._wanted.discard(model)
        claims, alone = dict(self.room.claims(model)), self.room.alone(model)
        self.engines[model] = Engine(attempt, phase, self.policy.residents[model], claims, alone)

    def _gone(self, model: str, held_bytes: int) -> Engine:
        engine = self.engines.pop(model)
        for device in engine.claims if held_bytes else ():
            self.room.foreign[device] = self.room.foreign.get(device, 0) + held_bytes
            self.tell(MemoryHeld(model, engine.attempt, device, held_bytes, "a zombie"))
        return engine

    def _held(self, model: str) -> bool:
        """Whether nothing but an order may end it now."""
        starting = any(self.room.share_device(model, other) for other in self.in_phase(*COMING))
        return starting or self._leased(model)

    def _in_transit(self) -> list[str]:
        return self.in_phase(*COMING, Phase.STOPPING, Phase.FALLING_ASLEEP)


def backwards(policy: Policy) -> Policy:
    """The same policy, written in another order."""
    residents = {
        model: replace(resident, claims=_reversed(resident.claims))
        for model, resident in _reversed(policy.residents).items()
    }
    return replace(policy, residents=residents, budget=_reversed(policy.budget))


def _reversed(items: Mapping[str, Any]) -> dict[str, Any]:
    return dict(reversed(list(items.items())))


def _telling(event: Event, now: float) -> Told:
    """The event as another residency would be told it, whose policies are all written in another order."""
    told = PolicyChanged(backwards(event.policy)) if isinstance(event, PolicyChanged) else event
    return lambda residency: residency.handle(told, now)
