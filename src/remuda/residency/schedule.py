"""What to do for those who wait: a pure function of the whole picture, asked anew whenever it has changed.

The models that are waited for are considered in their turn (`remuda.residency.waiting`). Three occupancies make the
decision:

- *up*: what holds memory now. A start has to fit beside it.
- *goal*: what shall be up once all that is decided has happened. A newcomer takes its place here first, at the expense
  of those whom it costs least to send away (`remuda.residency.choose`).
- *promised*: what cannot be made to go, and all that comes before in turn. Whoever does not fit beside it waits and is
  promised its own room in turn, so that nobody who comes later can take it. The first is never held up by a promise,
  and who has waited for too long is among the first; hence nobody starves.

Because nothing is remembered between two calls, a victim is let off as soon as it is no longer needed. Because a
draining instance is granted nothing, its use does not grow and the choice settles on it. Victims keep running until
all of them are idle: if the waiting client leaves meanwhile, nothing was stopped for nobody.

An instance that is asked for all the time does not make way at once, but when those who wait for its room have waited,
all together, for as long as the swap will make its own users wait. So they gather, and one swap serves them all. The
short pauses that its users make (an agent that thinks between two requests) are part of its use.

A victim that can sleep is put to sleep instead of being stopped, if what it then keeps fits beside the newcomer. Asleep
it is a member of *up* and *goal* with what it keeps; it may be woken, which is a start in all that concerns others, or
stopped for somebody's room like any other.

On devices where an engine is starting nothing else is started or evicted, and nothing is started where one is being
stopped: engines measure free memory while they start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from remuda.residency.choose import choose_victims
from remuda.residency.ledger import Need, Occupancy
from remuda.residency.picture import Picture
from remuda.residency.states import COMING, GOING, RESTING, State
from remuda.residency.status import Obstacle, WaitingFor

_CAN_COME = frozenset({State.STOPPED, State.ASLEEP})
_SHORTEST_WAIT_S = 0.5
"""How soon the same question is asked again at the earliest."""


@dataclass(slots=True)
class Schedule:
    """What is decided, by model; what is not named in `drain` may stay.

    `stop` maps a victim to the model that it makes room for; those of them in `sleep` are put to sleep. `victims`: who
    has to go for a model, now or later. `dropped`: wishes that are not to be asked again. `wake_at`: when the decision
    may change although nothing happens.
    """

    grant: list[str] = field(default_factory=list)
    start: list[str] = field(default_factory=list)
    drain: set[str] = field(default_factory=set)
    stop: dict[str, str] = field(default_factory=dict)
    sleep: set[str] = field(default_factory=set)
    waiting_for: dict[str, WaitingFor] = field(default_factory=dict)
    victims: dict[str, tuple[str, ...]] = field(default_factory=dict)
    dropped: list[str] = field(default_factory=list)
    wake_at: list[float] = field(default_factory=list)


def schedule(picture: Picture, wanted: Iterable[str] = (), wishes: Iterable[str] = ()) -> Schedule:
    """Decide for those who wait; then for models that are `wanted` up without requests, and for `wishes`.

    What is wanted may evict others. A wish is only for room that is free, and is dropped if there is none.
    """
    walk = _Walk(picture)
    for model in picture.in_turn():
        walk.consider(model)
    for model in wanted:
        if picture.instances[model].state in _CAN_COME and not picture.waiting.count(model):
            walk.consider(model)
    for model in wishes:
        walk.wish(model)
    return walk.decided


class _Walk:
    """One walk along the models that are waited for; later decisions see the earlier ones."""

    def __init__(self, picture: Picture) -> None:
        self.decided = Schedule()
        self._picture = picture
        self._instances = picture.instances
        self._ranks: dict[str, tuple[float, bool, int, str]] = {}
        self._ledger = picture.ledger
        up = picture.up
        self._up = up.without()
        self._goal = up.without(*(model for model in up.members if not self._instances[model].staying))
        self._unmovable = Occupancy(picture.ledger, picture.unmovable())
        self._promised = self._unmovable.without()
        self._starting = [model for model in up.members if self._instances[model].state in COMING]
        self._stopping = [model for model in up.members if self._instances[model].state in GOING]
        self._resting = dict.fromkeys(model for model in up.members if self._instances[model].state in RESTING)
        for model in self._resting:
            self._goal.add(model, self._ledger.asleep_need(model))

    def consider(self, model: str) -> None:
        """Decide for a model that is to be up."""
        self._up_for(model, self._decide)

    def wish(self, model: str) -> None:
        """Decide for a model that would be good to have up."""
        self._up_for(model, self._grant_wish)

    def _up_for(self, model: str, decide: Callable[[str], None]) -> None:
        """Decide about the model's coming; what it keeps while it rests is in nobody's way then but others'."""
        if model in self._resting:
            self._goal.remove(model)
        decide(model)
        if model in self._resting and model not in self._goal:
            self._goal.add(model, self._ledger.asleep_need(model))

    def _decide(self, model: str) -> None:
        state = self._instances[model].state
        if state in COMING:
            if model in self._goal:
                self._promise(model)
            self._wait(model, Obstacle.LOAD, (model,))
        elif model in self._goal:
            self.decided.grant.append(model)
            self._ranks.pop(model, None)
        elif not _beside(self._unmovable, model).fits(model):
            self._wait(model, Obstacle.LEASE, tuple(self._unmovable.rivals(model)))
        elif not _beside(self._promised, model).fits(model):
            self._wait(model, Obstacle.TURN, tuple(self._promised.rivals(model)))
            self._clear_way(model)
        elif not self._can_come(model):
            self._wait(model, Obstacle.RELEASE if state in GOING else Obstacle.REQUESTS, (model,))
            self._clear_way(model)
        else:
            self._come(model)

    def _grant_wish(self, model: str) -> None:
        state = self._instances[model].state
        fits = self._can_come(model) and self._promised.without(model).fits(model) and self._goal.fits(model)
        if state in GOING:
            return
        if not fits or model in self.decided.waiting_for:
            self.decided.dropped.append(model)
            return
        self._promise(model)
        self._goal.add(model, self._coming_need(model))
        self._advance(model, ())
        if model in self.decided.start:
            self.decided.dropped.append(model)

    def _clear_way(self, model: str) -> None:
        """Promise the model its room; if it is overdue, nothing that is in its way serves anybody else before.

        It cannot come yet, but what came later is not to be served while somebody waits who has waited for too long.
        """
        picture = self._picture
        if picture.is_overdue(model):
            self._drain_all_in_the_way(model)
        elif picture.waiting.count(model):
            self.decided.wake_at.append(picture.overdue_at(model))
        self._promise(model)

    def _drain_all_in_the_way(self, model: str) -> None:
        for other in self._goal.rivals(model):
            spared = other in self._promised or other in self._resting
            if not spared and self._cannot_meet(model, other):
                self._goal.remove(other)
                self.decided.drain.add(other)

    def _cannot_meet(self, newcomer: str, other: str) -> bool:
        return not Occupancy(self._ledger, (other,)).fits(newcomer)

    def _come(self, model: str) -> None:
        """Give the model its place in the goal, unless those who would have to go are spared for now."""
        candidates = [other for other in self._goal.in_the_way(model) if self._may_go(other)]
        spared = self._picture.spared(candidates, model)
        victims = choose_victims(model, self._goal, self._costs(other for other in candidates if other not in spared))
        if victims is None:
            self._wait_for_the_spared(model, spared)
            return
        if waits_s := self._spares_s(model, victims):
            self._wait(model, Obstacle.RESIDENCY, victims)
            self._wake_in(model, waits_s, victims)
            return
        self.decided.victims[model] = victims
        for victim in victims:
            self._goal.remove(victim)
            self._resting.pop(victim, None)
        self._promise(model)
        self._goal.add(model, self._coming_need(model))
        self._lay_down(victims)
        self._advance(model, victims)

    def _can_come(self, model: str) -> bool:
        """Whether its start, or its waking, is the next step; what is asleep may have to go as somebody's victim."""
        state = self._instances[model].state
        return state is State.STOPPED or (state is State.ASLEEP and model in self._resting)

    def _may_go(self, model: str) -> bool:
        """Whether a member of the goal can still lose its place; what falls asleep is let fall asleep first."""
        falls_asleep = model in self._resting and self._instances[model].state is not State.ASLEEP
        return model not in self._promised and not falls_asleep

    def _lay_down(self, victims: tuple[str, ...]) -> None:
        """Let those victims sleep that can, the dearest first, as long as there is room for what they keep."""
        for victim in reversed(victims):
            if not self._instances[victim].can_sleep:
                continue
            keeps, meanwhile = self._ledger.asleep_need(victim), self._ledger.changing_need(victim)
            beside = self._up.without(victim)
            if self._goal.has_room_for(keeps) and beside.has_room_for(meanwhile):
                self._goal.add(victim, keeps)
                beside.add(victim, meanwhile)
                self._up = beside
                self._resting[victim] = None
                self.decided.sleep.add(victim)

    def _costs(self, candidates: Iterable[str]) -> Mapping[str, float]:
        """What it costs to evict them, the cheapest first."""
        return {model: cost for cost, _, _, model in sorted(map(self._rank, candidates))}

    def _rank(self, model: str) -> tuple[float, bool, int, str]:
        """Its cost, and whether and when it is used; asked once in a walk, unless it is granted."""
        rank = self._ranks.get(model)
        if rank is None:
            rank = (self._picture.cost(model), self._busy(model), self._instances[model].last_used, model)
            self._ranks[model] = rank
        return rank

    def _wait_for_the_spared(self, model: str, spared: Iterable[str]) -> None:
        picture = self._picture
        rivals = self._rivals(model, sorted(spared))
        self._wait(model, Obstacle.RESIDENCY, rivals)
        self.decided.wake_at += [picture.evictable_at(rival) for rival in rivals]
        if picture.is_overdue(model):  # nobody is spared any more: it waits for somebody who is falling asleep
            self._clear_way(model)
        elif picture.waiting.count(model):
            self.decided.wake_at.append(picture.overdue_at(model))

    def _spares_s(self, model: str, victims: tuple[str, ...]) -> float:
        """For how long those in use are spared, because it would cost their users more than it brings; often 0."""
        picture = self._picture
        hot = [victim for victim in victims if self._in_use(victim, model)]
        requests = picture.waiting.count(model)
        if not hot or not requests or picture.is_overdue(model):
            return 0.0
        if any(picture.priority(model) > self._instances[victim].resident.priority for victim in hot):
            return 0.0
        cost = sum(picture.swap_cost(victim, model) for victim in hot)
        return max(0.0, cost - picture.waiting.waited_s(model, picture.now)) / requests

    def _in_use(self, victim: str, newcomer: str) -> bool:
        if self._instances[victim].state is not State.READY:
            return False
        return self._busy(victim) or self._picture.lingers_until(victim, newcomer) > self._picture.now

    def _wake_in(self, model: str, waits_s: float, victims: Iterable[str]) -> None:
        picture = self._picture
        self.decided.wake_at.append(min(picture.now + max(waits_s, _SHORTEST_WAIT_S), picture.overdue_at(model)))
        self.decided.wake_at += [end for v in victims if (end := picture.lingers_until(v, model)) > picture.now]

    def _advance(self, model: str, victims: tuple[str, ...]) -> None:
        """Take the next step towards the model's start."""
        busy = tuple(victim for victim in victims if self._busy(victim))
        if rivals := self._sharing_device((model, *victims), self._starting):
            self.decided.drain.update(victims)
            self._wait(model, Obstacle.START, rivals)
        elif busy or not self._left_by(model, *victims, *self._stopping).fits(model):
            self.decided.drain.update(victims)
            self._wait(model, Obstacle.REQUESTS, busy or self._rivals(model, self._leaving()))
        elif victims:
            self.decided.stop.update(dict.fromkeys(victims, model))
            self._stopping.extend(victims)
            self._wait(model, Obstacle.RELEASE, victims)
        elif self._sharing_device((model,), self._stopping) or not (beside := self._up.without(model)).fits(model):
            self._wait(model, Obstacle.RELEASE, self._rivals(model, self._stopping))
        else:
            self.decided.start.append(model)
            beside.add(model, self._coming_need(model))
            self._up = beside
            self._starting.append(model)
            self._wait(model, Obstacle.LOAD, (model,))

    def _left_by(self, model: str, *going: str) -> Occupancy:
        """What is beside the model once all is gone that is going, or asleep."""
        left = self._up.without(model, *going)
        for other in self._resting:
            if other in going:
                left.add(other, self._ledger.asleep_need(other))
        return left

    def _promise(self, model: str) -> None:
        if model in self._resting and model in self._promised:
            self._promised.remove(model)
        if model not in self._promised:
            self._promised.add(model, self._coming_need(model))

    def _coming_need(self, model: str) -> Need | None:
        """What the model takes when it comes; what it takes anyway if it does not rest."""
        return self._ledger.changing_need(model) if model in self._resting else None

    def _busy(self, model: str) -> bool:
        return self._instances[model].busy or model in self.decided.grant

    def _leaving(self) -> tuple[str, ...]:
        """Who is up, will go, and has not been told to stop yet."""
        return tuple(model for model in self._up.without(*self._stopping).members if model not in self._goal)

    def _rivals(self, model: str, others: Iterable[str]) -> tuple[str, ...]:
        return tuple(other for other in others if self._ledger.compete(model, other))

    def _sharing_device(self, models: tuple[str, ...], others: Iterable[str]) -> tuple[str, ...]:
        devices = frozenset[str]().union(*map(self._ledger.touched, models))
        return tuple(other for other in others if not devices.isdisjoint(self._ledger.touched(other)))

    def _wait(self, model: str, obstacle: Obstacle, models: tuple[str, ...]) -> None:
        self.decided.waiting_for[model] = WaitingFor(obstacle, models)


def _beside(occupancy: Occupancy, model: str) -> Occupancy:
    """The occupancy that the model would join; one that is asleep is in it already."""
    return occupancy.without(model) if model in occupancy else occupancy
