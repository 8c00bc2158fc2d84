"""What residency remembers of a model's instance: the only thing in this room that changes, with its owner's hands.

It holds facts and checks every change of state against the table. It takes no decision.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from remuda.engines.contract import Failure
from remuda.errors import InternalError
from remuda.residency.failures import Failures
from remuda.residency.policy import Resident
from remuda.residency.states import COMING, GOING, TRANSITIONS, State
from remuda.residency.worth import Worth

_NOT_STAYING = frozenset({State.STOPPED, State.ASLEEP}) | GOING


@dataclass(slots=True, eq=False)
class Instance:
    """The instance of one model; the same object over all of its attempts.

    `since`, `idle_since`: times of the caller's clock; `idle_since` is None while it has requests. `last_used`:
    number of the turn in which it last became ready, was granted or became idle. `ttl_s`: after how long it is stopped
    when nobody asks for it; the resident's, unless somebody wanted another for this attempt. `leaving`: why it will be
    stopped whatever happens, once its requests are over. `killed`: whether it was told to stop without grace.
    `ready_since`: when this attempt became ready. `drain_since`: when it was first told to finish its requests.
    `fingerprint`: the resident's when this attempt was started. `use_priority`: the highest priority of the requests
    since it was last idle. `evicted`: who was stopped for its next, or present, start. `sent_away`: whether somebody
    unloaded it, so that nothing but a request starts it again. `sleepless`: whether it has failed to fall asleep.
    """

    resident: Resident
    state: State = State.STOPPED
    since: float | None = None
    attempt: int = 0
    in_flight: int = 0
    idle_since: float | None = None
    ready_since: float | None = None
    drain_since: float | None = None
    last_used: int = 0
    leaving: str | None = None
    killed: bool = False
    fingerprint: str = ""
    use_priority: int | None = None
    evicted: list[str] = field(default_factory=list)
    sent_away: bool = False
    sleepless: bool = False
    failures: Failures = field(default_factory=Failures)
    worth: Worth = field(default_factory=Worth)
    ttl_s: float | None = field(init=False)

    def __post_init__(self) -> None:
        self.ttl_s = self.resident.ttl_s

    @property
    def model(self) -> str:
        """The model that it serves."""
        return self.resident.model

    @property
    def last_failure(self) -> Failure | None:
        """Why it failed, if it has not been ready since."""
        return self.failures.last

    @property
    def load_s(self) -> float:
        """How long it takes to come, by a start or by waking, as far as anybody knows."""
        return self._wake_s if self.state is State.ASLEEP else self._start_s

    @property
    def away_s(self) -> float:
        """How much later it will serve when it is sent away now."""
        if self.state is State.ASLEEP:
            return max(0.0, self._start_s - self._wake_s)
        return self._wake_s if self.can_sleep else self._start_s

    @property
    def _start_s(self) -> float:
        return self.resident.load_s if self.worth.load_s is None else self.worth.load_s

    @property
    def _wake_s(self) -> float:
        return self.resident.wake_s if self.worth.wake_s is None else self.worth.wake_s

    @property
    def busy(self) -> bool:
        """Whether it has requests to finish, or a start that others could use."""
        return self.in_flight > 0 or self.state in COMING

    @property
    def can_sleep(self) -> bool:
        """Whether it may be put to sleep instead of being stopped, once it has no requests."""
        able = self.resident.asleep_claims is not None and not self.sleepless and self.leaving is None
        return able and self.state in {State.READY, State.DRAINING}

    @property
    def staying(self) -> bool:
        """Whether it serves or will, and nothing irrevocable has been decided against it."""
        return self.state not in _NOT_STAYING and self.leaving is None

    def is_used_above(self, priority: int) -> bool:
        """Whether it is in use for something more urgent."""
        return self.use_priority is not None and self.use_priority > priority

    @property
    def expires_at(self) -> float | None:
        """When it will have been idle for its ttl; None while it is not idle, has to go anyway or has no ttl."""
        if self.idle_since is None or self.ttl_s is None or self.resident.always_on:
            return None
        if self.state is not State.READY and self.state is not State.ASLEEP:
            return None
        return self.idle_since + self.ttl_s

    def move(self, state: State, now: float) -> None:
        """Change the state; `InternalError` unless the table has this change."""
        if (self.state, state) not in TRANSITIONS:
            message = f"instance of `{self.model}` cannot go from {self.state} to {state}"
            raise InternalError(message)
        self.state = state
        self.since = now

    def forget(self) -> None:
        """Drop what was true of the attempt that has just ended."""
        self.in_flight = 0
        self.idle_since = None
        self.ready_since = None
        self.drain_since = None
        self.leaving = None
        self.killed = False
        self.use_priority = None
        self.ttl_s = self.resident.ttl_s

    def adopt(self, resident: Resident) -> None:
        """From now on this is what it is to be; what runs may have been started as another."""
        if self.ttl_s == self.resident.ttl_s:
            self.ttl_s = resident.ttl_s
        if resident.fingerprint != self.resident.fingerprint:
            self.failures.forget()
            self.sent_away = False
            self.sleepless = False
            self.worth.load_s = self.worth.wake_s = None
        self.resident = resident
