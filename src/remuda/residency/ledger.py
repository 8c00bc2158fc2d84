"""What may be up together: bytes of every device, and families of models.

`Ledger` holds the rules, fixed for the life of a residency. `Occupancy` is a set of models measured against them; the
same arithmetic answers for what is up, what is meant to be up, and what has been promised to those who wait.

Both rules only ever loosen when a model leaves, which the choice of victims relies on. Nothing here knows the state
of an instance, and nothing here measures: the bytes are those of the policy.
"""

from __future__ import annotations

from collections.abc import Mapping

from remuda.residency.policy import Policy, Resident


class Ledger:
    """The rules of a policy, arranged for quick answers."""

    def __init__(self, policy: Policy) -> None:
        self.budget = policy.budget
        self.claims = {model: resident.claims for model, resident in policy.residents.items()}
        self.families_of = {
            resident.model: families
            for resident in policy.residents.values()
            if (families := _families_of(resident, policy.families))
        }

    def excess(self, model: str) -> Mapping[str, int]:
        """Bytes by which the model alone exceeds the budget, by device; empty when it can be loaded at all."""
        claims = self.claims[model].items()
        return {device: size - self.budget[device] for device, size in claims if size > self.budget[device]}

    def share_device(self, one: str, other: str) -> bool:
        """Whether both models claim memory of some device."""
        return not self.claims[one].keys().isdisjoint(self.claims[other])

    def compete(self, one: str, other: str) -> bool:
        """Whether one of the models can be in the way of the other."""
        return self.share_device(one, other) or (one in self.families_of and other in self.families_of)


class Occupancy:
    """A set of models and what they take; it remembers the order in which they came."""

    __slots__ = ("_governed", "_ledger", "_members", "_used_bytes")

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._members: dict[str, None] = {}
        self._used_bytes = dict.fromkeys(ledger.budget, 0)
        self._governed: set[str] = set()

    @property
    def members(self) -> tuple[str, ...]:
        """The models, in the order in which they came."""
        return tuple(self._members)

    def __contains__(self, model: str) -> bool:
        return model in self._members

    def add(self, model: str) -> None:
        """Count the model in, whether it fits or not."""
        self._members[model] = None
        for device, size in self._ledger.claims[model].items():
            self._used_bytes[device] += size
        if model in self._ledger.families_of:
            self._governed.add(model)

    def remove(self, model: str) -> None:
        """Count the model out; it has to be a member."""
        del self._members[model]
        for device, size in self._ledger.claims[model].items():
            self._used_bytes[device] -= size
        self._governed.discard(model)

    def without(self, *models: str) -> Occupancy:
        """A new occupancy that lacks the given models, whether they are members or not."""
        rest = Occupancy(self._ledger)
        rest._members = self._members.copy()
        rest._used_bytes = self._used_bytes.copy()
        rest._governed = self._governed.copy()
        for model in rest._members.keys() & models:
            rest.remove(model)
        return rest

    def fits(self, model: str) -> bool:
        """Whether the model, not a member yet, can join without breaking a rule."""
        used, budget = self._used_bytes, self._ledger.budget
        for device, size in self._ledger.claims[model].items():
            if used[device] + size > budget[device]:
                return False
        families = self._ledger.families_of.get(model)
        return families is None or any(self._governed <= family for family in families)


def _families_of(resident: Resident, families: tuple[frozenset[str], ...] | None) -> tuple[frozenset[str], ...] | None:
    """The families that bind the model; itself alone when it is in none; None when families do not concern it."""
    if families is None:
        return None
    own = tuple(family for family in families if resident.model in family)
    if own or not resident.claims:
        return own or None
    return (frozenset({resident.model}),)
