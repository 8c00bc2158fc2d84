"""A world for a residency to live in: engines and clients that a test moves by hand, and the laws of that world.

It keeps books of its own, carries out every command and asserts with each that it was lawful. Everything that was
told is recorded, so that it can be told again to another residency.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from remuda.residency.commands import Command, Grant, RefusalKind, Refuse, Start, Stop, WakeAt
from remuda.residency.events import (
    Event,
    InstanceAdopted,
    InstanceReady,
    InstanceStopped,
    RequestArrived,
    RequestEnded,
    ShutdownAsked,
    TimerFired,
    UnloadAsked,
)
from remuda.residency.policy import Policy
from remuda.residency.residency import Residency
from remuda.residency.states import State


class Phase(enum.Enum):
    STARTING = enum.auto()
    READY = enum.auto()
    STOPPING = enum.auto()


@dataclass
class Engine:
    attempt: int
    phase: Phase


class World:
    """Engines that are up, requests that wait, requests that are served."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.residency = Residency(policy)
        self.now = 0.0
        self.wake_at: float | None = None
        self.engines: dict[str, Engine] = {}
        self.waiting: dict[int, str] = {}
        self.served: dict[int, tuple[str, int]] = {}
        self.outcomes: set[int] = set()
        self.told: list[tuple[Event, float, list[Command]]] = []
        self._by_order = False
        self._by_force = False
        self._shutting_down = False
        self._requests = 0

    # What a test can make happen

    def tell(self, event: Event) -> None:
        self._by_order = isinstance(event, UnloadAsked | ShutdownAsked)
        self._by_force = isinstance(event, UnloadAsked | ShutdownAsked) and event.kill
        self._shutting_down |= isinstance(event, ShutdownAsked)
        commands = self.residency.handle(event, self.now)
        self.told.append((event, self.now, commands))
        for command in commands:
            self._carry_out(command)

    def arrive(self, model: str) -> int:
        self._requests += 1
        self.waiting[self._requests] = model
        self.tell(RequestArrived(self._requests, model))
        return self._requests

    def end(self, request: int) -> None:
        del self.served[request]
        self.tell(RequestEnded(request))

    def adopt(self, model: str, attempt: int) -> None:
        self.engines[model] = Engine(attempt, Phase.READY)
        self.tell(InstanceAdopted(model, attempt))

    def become_ready(self, model: str) -> None:
        self.engines[model].phase = Phase.READY
        self.tell(InstanceReady(model, self.engines[model].attempt))

    def have_stopped(self, model: str) -> None:
        self.tell(InstanceStopped(model, self.engines.pop(model).attempt))

    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        while self.wake_at is not None and self.wake_at <= self.now:
            self.wake_at = None
            self.tell(TimerFired())

    def in_phase(self, phase: Phase) -> list[str]:
        return [model for model, engine in self.engines.items() if engine.phase is phase]

    def get_on(self) -> None:
        """Every stop and every start that is under way succeeds."""
        for model in self.in_phase(Phase.STOPPING):
            self.have_stopped(model)
        for model in self.in_phase(Phase.STARTING):
            self.become_ready(model)

    # The laws

    def room_for(self, model: str) -> bool:
        """Whether the model fits beside all that is up, straight from the definition."""
        residents = self.policy.residents
        for device, size in residents[model].claims.items():
            if (
                size + sum(residents[other].claims.get(device, 0) for other in self.engines)
                > self.policy.budget[device]
            ):
                return False
        together = {other for other in (model, *self.engines) if self._governed(other)}
        families = self.policy.families
        alone = together <= {model} or model not in together
        return families is None or alone or any(together <= family for family in families)

    def check_books(self) -> None:
        """The snapshot tells what is so."""
        for status in self.residency.snapshot():
            engine = self.engines.get(status.model)
            alive = engine is not None and (status.model, engine.attempt)
            assert status.in_flight == sum(1 for whose in self.served.values() if whose == alive)
            assert status.waiting == sum(1 for model in self.waiting.values() if model == status.model)
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
            case Grant(request, model):
                assert self.waiting.pop(request) == model
                assert self.engines[model].phase is Phase.READY
                self._outcome(request)
                self.served[request] = (model, self.engines[model].attempt)
            case Refuse(request, model, kind):
                assert self.waiting.pop(request) == model
                assert (kind is RefusalKind.SHUTTING_DOWN) == self._shutting_down
                assert kind is not RefusalKind.CANNOT_FIT or not World(self.policy).room_for(model)
                self._outcome(request)
            case WakeAt(at):
                self.wake_at = at

    def _outcome(self, request: int) -> None:
        assert request not in self.outcomes
        self.outcomes.add(request)

    def _start(self, model: str, attempt: int) -> None:
        assert not self._shutting_down
        assert model not in self.engines
        assert model in self.waiting.values()
        assert self.room_for(model)
        assert not any(self._share_device(model, other) for other in self._in_transit())
        assert all(attempt > engine.attempt for engine in self.engines.values())
        self.engines[model] = Engine(attempt, Phase.STARTING)

    def _stop(self, command: Stop) -> None:
        engine = self.engines[command.model]
        assert engine.attempt == command.attempt
        assert command.kill == (command.kill and self._by_force)
        assert engine.phase is not Phase.STOPPING or command.kill
        assert engine.phase is not Phase.STARTING or self._by_order
        if not command.kill:
            assert (command.model, command.attempt) not in self.served.values()
        if command.reason.startswith(("evicted", "idle")):
            assert not self._held(command.model)
        engine.phase = Phase.STOPPING

    def _held(self, model: str) -> bool:
        return any(self._share_device(model, other) for other in self.in_phase(Phase.STARTING))

    def _in_transit(self) -> list[str]:
        return self.in_phase(Phase.STARTING) + self.in_phase(Phase.STOPPING)

    def _share_device(self, one: str, other: str) -> bool:
        residents = self.policy.residents
        return bool(set(residents[one].claims) & set(residents[other].claims))

    def _governed(self, model: str) -> bool:
        named = any(model in family for family in self.policy.families or ())
        return bool(self.policy.residents[model].claims) or named
