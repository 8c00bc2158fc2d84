"""Which instances have to go so that another can come: those that cost the least, together.

Three rules, one after the other: who excludes the newcomer goes; among the families that the newcomer is in, the one is
kept that costs the least to reach (as in llama-swap: the sum of the evict costs, and then the order of definition);
and of the rest so many go that enough bytes are free on every device, at the least cost. The last is a covering
problem: solved exactly as far as `_STEPS` reaches, which in practice is always, otherwise by a greedy choice that is
improved by exchanges. What it costs to evict somebody is the caller's to say. Nothing is stopped here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from remuda.residency.ledger import Ledger, Occupancy

_STEPS = 1_000


def choose_victims(newcomer: str, occupancy: Occupancy, costs: Mapping[str, float]) -> tuple[str, ...] | None:
    """Those of the keys of `costs` who have to leave `occupancy` for the newcomer to fit; often none.

    None when it does not fit even without all of them. `costs` are not negative; where sums are equal, those who come
    first in it go first.
    """
    if occupancy.fits(newcomer):
        return ()
    ledger = occupancy.ledger
    if (cheapest := _cheapest(newcomer, occupancy, costs)) is not None:
        return (cheapest,)
    room = occupancy.without()
    excluding = room.excluding(newcomer)
    if not costs.keys() >= set(excluding):
        return None
    _remove(room, excluding)
    outside = _outside(newcomer, room, ledger, costs)
    if outside is None:
        return None
    _remove(room, outside)
    large = _largest(newcomer, room, ledger, costs)
    if large is None:
        return None
    _remove(room, large)
    if not room.fits(newcomer):
        return None
    taken = {*excluding, *outside, *large}
    needed = frozenset(_needed(newcomer, room, [model for model in costs if model in taken]))
    return tuple(model for model in costs if model in needed)


def _cheapest(newcomer: str, occupancy: Occupancy, costs: Mapping[str, float]) -> str | None:
    """The one that costs the least, if nothing but bytes are missing and it frees them all: often, and soon found."""
    ledger = occupancy.ledger
    if not costs or ledger.lent or newcomer in ledger.families_of or occupancy.excluding(newcomer):
        return None
    model = min(costs, key=costs.__getitem__)
    frees = ledger.need(model).claims
    suffices = all(frees.get(device, 0) >= size for device, size in occupancy.lacks_bytes(newcomer).items())
    return model if suffices else None


def _remove(room: Occupancy, models: Iterable[str]) -> None:
    for model in models:
        room.remove(model)


def _needed(newcomer: str, room: Occupancy, taken: Sequence[str]) -> Iterable[str]:
    """Those of the taken, the last first, who cannot be given back; the others are."""
    for victim in reversed(taken):
        room.add(victim)
        if not room.fits(newcomer):
            room.remove(victim)
            yield victim


def _outside(newcomer: str, room: Occupancy, ledger: Ledger, costs: Mapping[str, float]) -> frozenset[str] | None:
    """Who is outside of the family that is cheapest to reach; None when somebody would have to go who may not."""
    families = ledger.families_of.get(newcomer)
    governed = room.governed
    if families is None or any(governed <= family for family in families):
        return frozenset()
    options = {governed - family: None for family in families}
    evict_costs = ledger.policy.evict_costs
    possible = [option for option in options if costs.keys() >= option]
    return min(possible, key=lambda option: sum(evict_costs.get(m, 1) for m in option), default=None)


def _largest(newcomer: str, room: Occupancy, ledger: Ledger, costs: Mapping[str, float]) -> list[str] | None:
    """Whom it costs least to send away for the bytes that are missing; None when all together do not suffice."""
    lacking = room.lacks_bytes(newcomer)
    if not lacking:
        return []
    frees = {
        model: sizes
        for model in costs
        if model in room
        and (sizes := tuple(ledger.need(model).claims.get(device, 0) for device in lacking))
        and any(sizes)
    }
    if not _covers(frees.values(), tuple(lacking.values())):
        return None
    return _Cover(frees, costs, tuple(lacking.values())).solve()


def _covers(frees: Iterable[tuple[int, ...]], lacking: tuple[float, ...]) -> bool:
    total = [0] * len(lacking)
    for sizes in frees:
        total = [one + more for one, more in zip(total, sizes, strict=True)]
    return all(have >= need for have, need in zip(total, lacking, strict=True))


class _Cover:
    """Branch and bound over models, the dearest first and rather without it: who comes first goes first among equals.

    `frees`: what each model frees of each device that lacks memory, the cheapest model first.
    """

    def __init__(
        self, frees: Mapping[str, tuple[int, ...]], costs: Mapping[str, float], lacking: tuple[float, ...]
    ) -> None:
        self._models = list(frees)[::-1]
        self._frees = frees
        self._costs = costs
        self._lacking = lacking
        self._rests = self._sums_of_rests()
        self._best: list[str] | None = None
        self._best_cost = float("inf")
        self._steps = 0

    def solve(self) -> list[str]:
        """Those who go; all together have to suffice."""
        self._search(0, self._lacking, [], 0.0)
        if self._steps <= _STEPS and self._best is not None:
            return self._best
        greedy = self._exchanged(self._greedy())
        if self._best is None or self._cost(greedy) < self._best_cost:
            return greedy
        return self._best

    def _search(self, at: int, lacking: tuple[float, ...], taken: list[str], cost: float) -> None:
        """Decide about the models from `at` on; `lacking` is what those taken do not free."""
        self._steps += 1
        if cost >= self._best_cost or self._steps > _STEPS:
            return
        if all(size <= 0 for size in lacking):
            self._best, self._best_cost = taken, cost
            return
        if any(need > have for need, have in zip(lacking, self._rests[at], strict=True)):
            return
        self._search(at + 1, lacking, taken, cost)
        model = self._models[at]
        left = tuple(need - size for need, size in zip(lacking, self._frees[model], strict=True))
        self._search(at + 1, left, [*taken, model], cost + self._costs[model])

    def _sums_of_rests(self) -> list[tuple[int, ...]]:
        sums = [(0,) * len(self._lacking)]
        for model in reversed(self._models):
            sums.append(tuple(one + more for one, more in zip(sums[-1], self._frees[model], strict=True)))
        return sums[::-1]

    def _greedy(self) -> list[str]:
        """The best value for its cost again and again, and then without those who turned out not to be needed."""
        lacking = self._lacking
        taken: list[str] = []
        left = list(reversed(self._models))
        while any(size > 0 for size in lacking):
            best = min(left, key=lambda model: self._cost_of_byte(model, lacking))
            left.remove(best)
            taken.append(best)
            lacking = tuple(need - size for need, size in zip(lacking, self._frees[best], strict=True))
        for model in sorted(taken, key=self._costs.__getitem__, reverse=True):
            if self._suffice(rest := [other for other in taken if other != model]):
                taken = rest
        return taken

    def _exchanged(self, taken: list[str]) -> list[str]:
        """With one in place of another as long as that is cheaper."""
        for model in tuple(taken):
            rest = [other for other in taken if other != model]
            for other in reversed(self._models):
                cheaper = other not in taken and self._costs[other] < self._costs[model]
                if cheaper and self._suffice([*rest, other]):
                    taken = [*rest, other]
                    break
        return taken

    def _cost_of_byte(self, model: str, lacking: tuple[float, ...]) -> float:
        useful = sum(min(max(need, 0), size) for need, size in zip(lacking, self._frees[model], strict=True))
        return self._costs[model] / useful if useful else float("inf")

    def _suffice(self, models: Iterable[str]) -> bool:
        return _covers([self._frees[model] for model in models], self._lacking)

    def _cost(self, models: Iterable[str]) -> float:
        return sum(self._costs[model] for model in models)
