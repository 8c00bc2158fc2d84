"""Conversations with a residency: an event in, exactly these commands out.

    Playbook(policy).on(RequestArrived(1, "a"), Start("a", 1)).on(InstanceReady("a", 1), Grant(1, "a"))

On a mismatch the whole conversation is printed, `>>` what was told, `<<` what came back, and the difference.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping

from remuda.engines.contract import Failure, FailureKind
from remuda.residency.commands import Command, Grant, RefusalKind, Refuse, Start, Stop
from remuda.residency.events import Event, InstanceReady, InstanceStopped, RequestArrived, RequestEnded
from remuda.residency.policy import Policy, Resident
from remuda.residency.residency import Residency
from remuda.residency.states import State
from remuda.residency.status import ModelStatus

BROKEN = Failure(FailureKind.OUT_OF_MEMORY, "out of memory", ("cudaMalloc failed",))


def make_policy(
    claims: Mapping[str, int | Mapping[str, int]],
    budget: int | Mapping[str, int] = 1,
    *,
    ttl_s: Mapping[str, float] | None = None,
    sets: tuple[str, ...] | None = None,
    max_wait_s: float = math.inf,
) -> Policy:
    """A policy in short: a bare number is bytes of `gpu`; a set is a string of one-letter models."""
    ttls = ttl_s or {}
    residents = {
        model: Resident(model, {"gpu": claim} if isinstance(claim, int) else claim, ttls.get(model))
        for model, claim in claims.items()
    }
    families = None if sets is None else tuple(frozenset(family) for family in sets)
    return Policy(residents, {"gpu": budget} if isinstance(budget, int) else budget, families, max_wait_s=max_wait_s)


def load_failed(request: int, model: str) -> Refuse:
    """The refusal of a request whose load ended with `BROKEN`."""
    return Refuse(request, model, RefusalKind.LOAD_FAILED, f"cannot load `{model}`: out of memory", BROKEN)


class Playbook:
    """One conversation; time stands still unless `at` moves it."""

    def __init__(self, policy: Policy) -> None:
        self.residency = Residency(policy)
        self._now = 0.0
        self._told: list[str] = []
        self._last_request = 1_000

    def at(self, now: float) -> Playbook:
        """What follows happens at this time."""
        self._now = now
        self._told.append(f"   at {now}")
        return self

    def on(self, event: Event, *expected: Command) -> Playbook:
        """Tell the event and compare what comes back."""
        self._told.append(f">> {event}")
        before = list(self._told)
        actual = self.residency.handle(event, self._now)
        self._told += [f"<< {command}" for command in actual]
        if actual != list(expected):
            wanted = before + [f"<< {command}" for command in expected]
            raise AssertionError("\n".join(["not as expected:", *difflib.ndiff(wanted, self._told)]))
        return self

    def up(self, *models: str) -> Playbook:
        """Load the models, one after the other, each with one request that has ended; nothing may be in the way."""
        for model in models:
            self._last_request += 1
            attempt = self._next_attempt()
            self.on(RequestArrived(self._last_request, model), Start(model, attempt))
            self.on(InstanceReady(model, attempt), Grant(self._last_request, model))
            self._discard(RequestEnded(self._last_request))
        return self

    def swap(self, victim: str, newcomer: str, *, granted: tuple[int, ...]) -> Playbook:
        """The victim has been told to stop: it does, and the newcomer starts, becomes ready and is granted."""
        attempt = self._next_attempt()
        self.on(InstanceStopped(victim, self.status(victim).attempt), Start(newcomer, attempt))
        return self.on(InstanceReady(newcomer, attempt), *(Grant(request, newcomer) for request in granted))

    def status(self, model: str) -> ModelStatus:
        return next(status for status in self.residency.snapshot() if status.model == model)

    def states(self) -> str:
        """The models that are not stopped, as `a ready, b starting`."""
        up = (status for status in self.residency.snapshot() if status.state is not State.STOPPED)
        return ", ".join(f"{status.model} {status.state}" for status in up)

    def _discard(self, event: Event) -> None:
        """Tell an event whose commands, timers only, are of no interest."""
        self._told.append(f">> {event}")
        assert not any(isinstance(c, Start | Stop) for c in self.residency.handle(event, self._now))

    def _next_attempt(self) -> int:
        return 1 + max(status.attempt for status in self.residency.snapshot())
