"""What may be up together: bytes of every device, families of models, and who makes whom go.

`Ledger` holds the rules and what is known of the devices right now. `Occupancy` is a set of models measured against
them; the same arithmetic answers for what is up, what is meant to be up, and what has been promised to those who wait.

What is up counts with what it was charged when it started, whatever the policy says by now; a start counts with what
the policy claims, or with what has been measured. All rules only ever loosen when a model leaves, which the choice of
victims relies on. Nothing here knows the state of an instance, and nothing here measures.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from remuda.residency.events import Foreign
from remuda.residency.policy import Policy, Resident

_NOBODY = Foreign(0)


@dataclass(frozen=True, slots=True)
class Need:
    """What an instance takes of the devices, in the order of their names; with `alone`, nobody else may be on any.

    `is_asleep`: it serves nobody, so that only its bytes are in the way of others, no family and no expulsion.
    """

    claims: Mapping[str, int]
    alone: bool = False
    is_asleep: bool = False

    def and_also(self, other: Need) -> Need:
        """What is needed for both at once by an instance that goes from one to the other."""
        claims = {
            d: max(self.claims.get(d, 0), other.claims.get(d, 0)) for d in sorted({**self.claims, **other.claims})
        }
        return Need(claims, self.alone)


def _need(claims: Mapping[str, int], *, alone: bool = False, is_asleep: bool = False) -> Need:
    return Need(dict(sorted(claims.items())), alone, is_asleep)


class Ledger:
    """The rules of a policy, arranged for quick answers, and the devices as they are.

    `room_bytes`: what ours may use of each device altogether, beside what others use right now; no limit if not named.
    """

    def __init__(self, policy: Policy) -> None:
        self.foreign: dict[str, Foreign] = {}
        self.lent: dict[str, str] = {}
        self.room_bytes: dict[str, float] = {}
        self._measured: dict[str, Need] = {}
        self._charged: dict[str, Need] = {}
        self.adopt(policy, {})

    def adopt(self, policy: Policy, departing: Mapping[str, Resident]) -> None:
        """From now on this policy holds; `departing` are still up and not in it."""
        self.policy = policy
        self._residents = {**policy.residents, **departing}
        self._claimed = {model: _need(r.claims, alone=r.claims_all) for model, r in self._residents.items()}
        self._at_odds = _at_odds(self._residents.values())
        self.fixed = frozenset(model for model, r in self._residents.items() if r.always_on or not r.swappable)
        self.families_of = {
            resident.model: families
            for resident in self._residents.values()
            if (families := _families_of(resident, policy.families))
        }
        self._observe_room()

    # What is known of the devices and instances

    def observe(self, foreign: Mapping[str, Foreign]) -> None:
        """Others use so much."""
        self.foreign.update(foreign)
        self._observe_room()

    def hold(self, device: str, used_bytes: int, by: str | None) -> None:
        """So much of what was ours has not come back."""
        before = self.foreign.get(device, _NOBODY)
        self.observe({device: Foreign(before.used_bytes + used_bytes, by or before.by)})

    def measure(self, model: str, claims: Mapping[str, int]) -> None:
        """The model has been seen to need so much; what the policy claims for it stays, unless it does not know."""
        if not self._claimed[model].alone:
            return
        self._measured[model] = _need(claims)
        if (charged := self._charged.get(model)) and not charged.is_asleep:
            self._charged[model] = charged.and_also(Need(claims))

    def forget_measured(self, model: str) -> None:
        """What was measured does not concern the model as it is now."""
        self._measured.pop(model, None)

    def charge(self, model: str) -> None:
        """The model is up from now on, with what it needs now."""
        self._charged[model] = self._awake_need(model)

    def charge_change(self, model: str) -> None:
        """The model falls asleep or wakes from now on: what it needs before and after is taken meanwhile."""
        self._charged[model] = self.changing_need(model)

    def charge_asleep(self, model: str, keeps: Mapping[str, int]) -> None:
        """The model is asleep from now on, and has been seen to keep so much of some devices."""
        planned = self.asleep_need(model)
        self._charged[model] = _need({**planned.claims, **keeps}, is_asleep=True)

    def release(self, model: str) -> None:
        """The model is not up any more."""
        del self._charged[model]

    # Rules

    def need(self, model: str) -> Need:
        """What the model takes if it is up, what it would take if it is not."""
        return self._charged.get(model) or self.next_need(model)

    def next_need(self, model: str) -> Need:
        """What the next start of the model takes; if it is asleep, its waking, with what it keeps until then."""
        charged = self._charged.get(model)
        return self.changing_need(model) if charged and charged.is_asleep else self._awake_need(model)

    def asleep_need(self, model: str) -> Need:
        """What the model keeps while it is asleep, if it can sleep."""
        charged = self._charged.get(model)
        if charged and charged.is_asleep:
            return charged
        return _need(self._residents[model].asleep_claims or {}, is_asleep=True)

    def changing_need(self, model: str) -> Need:
        """What the model takes while it falls asleep or wakes."""
        charged = self._charged.get(model)
        awake = charged if charged and not charged.is_asleep else self._awake_need(model)
        return awake.and_also(self.asleep_need(model))

    def _awake_need(self, model: str) -> Need:
        return self._measured.get(model) or self._claimed[model]

    def excess(self, model: str) -> Mapping[str, int]:
        """Bytes by which the model alone exceeds what there will ever be, by device; empty when it can be loaded."""
        need = self.next_need(model)
        if need.alone:
            return {}
        return {d: int(size - limit) for d, size in need.claims.items() if size > (limit := self._limit(d))}

    def expelled_by(self, model: str) -> frozenset[str]:
        """Who has to go when the model is loaded, whatever the memory."""
        return self._residents[model].expels

    def share_device(self, one: str, other: str) -> bool:
        """Whether both models claim memory of some device."""
        return not self.touched(one).isdisjoint(self.touched(other))

    def touched(self, model: str) -> AbstractSet[str]:
        """The devices of which the model claims memory; of one that is asleep, those of which it will when it wakes."""
        need = self.need(model)
        return (self.next_need(model) if need.is_asleep else need).claims.keys()

    def compete(self, one: str, other: str) -> bool:
        """Whether one of the models can be in the way of the other."""
        governed = one in self.families_of and other in self.families_of
        meet = not self.devices(one).isdisjoint(self.need(other).claims)
        return governed or meet or other in self.at_odds(one)

    def devices(self, model: str) -> frozenset[str]:
        """The devices that the model is on, and those that its next start would be on."""
        return frozenset(self.need(model).claims) | frozenset(self.next_need(model).claims)

    def at_odds(self, model: str) -> frozenset[str]:
        """Whom the model makes go, or who makes it go, whatever the memory."""
        return self._at_odds.get(model, frozenset())

    def _limit(self, device: str) -> float:
        policy = self.policy
        free = policy.capacity.get(device, math.inf) - policy.reserve.get(device, 0)
        return min(policy.budget.get(device, math.inf), free)

    def _observe_room(self) -> None:
        policy = self.policy
        self.room_bytes = {device: self._limit(device) for device in {*policy.budget, *policy.capacity}}
        for device in policy.capacity:
            used_bytes = self.foreign.get(device, _NOBODY).used_bytes
            beside = policy.capacity[device] - policy.reserve.get(device, 0) - used_bytes
            self.room_bytes[device] = min(self.room_bytes[device], beside)


class Occupancy:
    """A set of models and what they take, also by device; it remembers the order in which they came."""

    __slots__ = ("_alone", "_governed", "_ledger", "_members", "_on", "_used_bytes")

    def __init__(self, ledger: Ledger, models: Iterable[str] = ()) -> None:
        self._ledger = ledger
        self._members: dict[str, Need] = {}
        self._used_bytes: dict[str, int] = {}
        self._on: dict[str, dict[str, None]] = {}
        self._governed: set[str] = set()
        self._alone: set[str] = set()
        for model in models:
            self.add(model)

    @property
    def members(self) -> tuple[str, ...]:
        """The models, in the order in which they came."""
        return tuple(self._members)

    @property
    def ledger(self) -> Ledger:
        """The rules that it is measured against."""
        return self._ledger

    @property
    def governed(self) -> frozenset[str]:
        """Those of the members whom families concern."""
        return frozenset(self._governed)

    def __contains__(self, model: str) -> bool:
        return model in self._members

    def add(self, model: str, need: Need | None = None) -> None:
        """Count the model in with this need, else with what it takes now, whether it fits or not."""
        need = self._ledger.need(model) if need is None else need
        self._members[model] = need
        for device, size in need.claims.items():
            self._used_bytes[device] = self._used_bytes.get(device, 0) + size
            self._on.setdefault(device, {})[model] = None
        if model in self._ledger.families_of and not need.is_asleep:
            self._governed.add(model)
        if need.alone:
            self._alone.add(model)

    def remove(self, model: str) -> None:
        """Count the model out; it has to be a member."""
        for device, size in self._members.pop(model).claims.items():
            self._used_bytes[device] -= size
            del self._on[device][model]
        self._governed.discard(model)
        self._alone.discard(model)

    def without(self, *models: str) -> Occupancy:
        """A new occupancy that lacks the given models, whether they are members or not."""
        rest = Occupancy(self._ledger)
        rest._members = self._members.copy()
        rest._used_bytes = self._used_bytes.copy()
        rest._on = {device: models.copy() for device, models in self._on.items()}
        rest._governed = self._governed.copy()
        rest._alone = self._alone.copy()
        for model in rest._members.keys() & models:
            rest.remove(model)
        return rest

    def lacks_bytes(self, model: str) -> dict[str, float]:
        """What would have to be freed of each device for the model to join; empty when there is room."""
        need = self._ledger.next_need(model)
        return {} if need.alone else self._lacks_bytes(need)

    def _lacks_bytes(self, need: Need) -> dict[str, float]:
        used, room = self._used_bytes, self._ledger.room_bytes
        return {
            d: over for d, size in need.claims.items() if (over := used.get(d, 0) + size - room.get(d, math.inf)) > 0
        }

    def has_room_for(self, need: Need) -> bool:
        """Whether somebody, not a member, can take this much of the devices, whatever the families."""
        shared = (member for member in self._alone if not need.claims.keys().isdisjoint(self._members[member].claims))
        return not self._lacks_bytes(need) and not any(shared)

    def excluding(self, newcomer: str) -> list[str]:
        """The members beside whom the newcomer cannot be, whatever the bytes and the families."""
        need, expelled = self._ledger.next_need(newcomer), self._ledger.expelled_by(newcomer)
        apart = self._members if need.alone else self._alone
        if not apart and not expelled:
            return []
        found = {member for member in apart if not need.claims.keys().isdisjoint(self._members[member].claims)}
        found.update(member for member in expelled & self._members.keys() if not self._members[member].is_asleep)
        return [member for member in self._members if member in found] if found else []

    def in_the_way(self, newcomer: str) -> list[str]:
        """The members of whom some may have to go for the newcomer, which does not fit."""
        return self._found(self.lacks_bytes(newcomer), self.excluding(newcomer), newcomer)

    def rivals(self, model: str) -> list[str]:
        """The members that can be in the way of the model, or the model in theirs."""
        return self._found(self._ledger.devices(model), self._ledger.at_odds(model), model)

    def _found(self, devices: Collection[str], more: Iterable[str], model: str) -> list[str]:
        """Who is on one of the devices, or one of the others, or concerned by the same families; in their order."""
        governed = self._governed if model in self._ledger.families_of else ()
        if len(devices) == 1 and not governed and not more:
            (device,) = devices
            return list(self._on.get(device, ()))
        found = set(governed).union(more, *(self._on.get(device, ()) for device in devices))
        return [member for member in self._members if member in found]

    def fits(self, model: str) -> bool:
        """Whether the model, not a member yet, can join without breaking a rule."""
        ledger = self._ledger
        if ledger.lent and not ledger.lent.keys().isdisjoint(ledger.next_need(model).claims):
            return False
        if self.lacks_bytes(model) or self.excluding(model):
            return False
        families = ledger.families_of.get(model)
        return families is None or any(self._governed <= family for family in families)


def _at_odds(residents: Iterable[Resident]) -> Mapping[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for resident in residents:
        for expelled in resident.expels:
            found[resident.model] = found.get(resident.model, frozenset()) | {expelled}
            found[expelled] = found.get(expelled, frozenset()) | {resident.model}
    return found


def _families_of(resident: Resident, families: tuple[frozenset[str], ...] | None) -> tuple[frozenset[str], ...] | None:
    """The families that bind the model; itself alone when it is in none; None when families do not concern it."""
    if families is None:
        return None
    own = tuple(family for family in families if resident.model in family)
    if own or not resident.claims:
        return own or None
    return (frozenset({resident.model}),)
