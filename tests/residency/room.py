"""What may be up together, straight from the definition: the oracle of the worlds that tests let residencies live in.

It is slow and simple on purpose, and shares no code with `remuda.residency.ledger`.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from remuda.residency.policy import Policy, Resident


class Phase(enum.Enum):
    STARTING = enum.auto()
    READY = enum.auto()
    FALLING_ASLEEP = enum.auto()
    ASLEEP = enum.auto()
    WAKING = enum.auto()
    STOPPING = enum.auto()


@dataclass
class Engine:
    """What runs: as whom it was started, what it takes, and whether nobody else may be on its devices."""

    attempt: int
    phase: Phase
    resident: Resident
    claims: dict[str, int]
    alone: bool
    asleep: bool = False
    """Whether only its bytes are in the way, because it has fallen asleep and has not been woken since."""


@dataclass
class Room:
    """The devices, and who is on them."""

    policy: Policy
    engines: dict[str, Engine] = field(default_factory=dict)
    measured: dict[str, Mapping[str, int]] = field(default_factory=dict)
    foreign: dict[str, int] = field(default_factory=dict)
    yielded: set[str] = field(default_factory=set)
    known: dict[str, Resident] = field(default_factory=dict)
    """Everybody who was ever in a policy, as of the last policy that had it."""

    def __post_init__(self) -> None:
        self.adopt(self.policy)

    def adopt(self, policy: Policy) -> None:
        """From now on this policy holds."""
        for model, before in self.known.items():
            if model not in policy.residents or policy.residents[model].fingerprint != before.fingerprint:
                self.measured.pop(model, None)
        self.policy = policy
        self.known |= policy.residents

    def claims(self, model: str) -> Mapping[str, int]:
        """What the next start of the model would take, or its waking, until which it keeps what it keeps asleep."""
        awake = self.measured.get(model, self.known[model].claims)
        engine = self.engines.get(model)
        return both(awake, engine.claims) if engine and engine.asleep else awake

    def alone(self, model: str) -> bool:
        """Whether the next start needs its devices for itself, since nobody knows how much of them it takes."""
        return self.known[model].claims_all and model not in self.measured

    def fits(self, model: str, beside: Iterable[str]) -> bool:
        """Whether the model could start beside those engines, which are up."""
        others = [other for other in beside if other != model]
        devices = self.claims(model).items()
        return (
            self.yielded.isdisjoint(self.claims(model))
            and (self.alone(model) or all(self._has_room(device, size, others) for device, size in devices))
            and not any(self.exclude(model, other) for other in others)
            and self._may_meet(model, others)
        )

    def conflict(self, newcomer: str, other: str) -> bool:
        """Whether the newcomer cannot come while the other, which is up, stays."""
        return not self.fits(newcomer, [other]) and self.fits(newcomer, [])

    def exclude(self, newcomer: str, other: str) -> bool:
        """Whether the two never go together, whatever the bytes."""
        alone = self.alone(newcomer) or self.engines[other].alone
        apart = alone and not self.claims(newcomer).keys().isdisjoint(self.engines[other].claims)
        return apart or (other in self.known[newcomer].expels and not self.engines[other].asleep)

    def share_device(self, one: str, other: str) -> bool:
        """Whether the two are, or would be, on one device."""
        return bool(set(self._devices(one)) & set(self._devices(other)))

    def governed(self, model: str) -> bool:
        """Whether sets of models concern it."""
        return bool(self.known[model].claims) or any(model in family for family in self.policy.families or ())

    def _devices(self, model: str) -> Mapping[str, int]:
        is_up = model in self.engines and not self.engines[model].asleep
        return self.engines[model].claims if is_up else self.claims(model)

    def has_room_for(self, model: str, claims: Mapping[str, int]) -> bool:
        """Whether the engine, which is up, can take so much instead of what it takes."""
        others = [other for other in self.engines if other != model]
        more = {device: size for device, size in claims.items() if size > self.engines[model].claims.get(device, 0)}
        return all(self._has_room(device, size, others) for device, size in more.items())

    def _has_room(self, device: str, size: int, others: list[str]) -> bool:
        ours = size + sum(self.engines[other].claims.get(device, 0) for other in others)
        capacity = self.policy.capacity.get(device)
        reserve = self.policy.reserve.get(device, 0)
        beside = capacity is None or ours + self.foreign.get(device, 0) + reserve <= capacity
        return ours <= self.policy.budget[device] and beside

    def _may_meet(self, model: str, others: list[str]) -> bool:
        serving = [other for other in others if not self.engines[other].asleep]
        together = {other for other in (model, *serving) if self.governed(other)}
        families = self.policy.families
        alone = together <= {model} or model not in together
        return families is None or alone or any(together <= family for family in families)


def both(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    """What it takes to have both at once."""
    return {device: max(one.get(device, 0), other.get(device, 0)) for device in sorted({*one, *other})}
