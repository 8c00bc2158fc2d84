"""Where a name leads: a tree of choices, asked for every request.

A leaf is a model. The other nodes choose among what lies below them, by chance, by what is ready, by load; so they can
stand below one another in any order. What a node gives is a list of candidates: the gateway asks for the first, and for
the next one only when the one before cannot serve (no node but `Failover` gives more than its choice does).

Nodes know nothing of requests but `Asking`, and change nothing. What a target would choose now stands for the target:
where a choice looks at load or readiness, it looks at the model that would be asked first.

A request that has to stay where its like went is led by rendezvous: the number that it has in common with its like and
the name of each target are mixed into a draw, and the best draw wins. So adding or removing a target moves only the
requests that have to move, and nothing is remembered.
"""

from __future__ import annotations

import bisect
import hashlib
import math
from collections.abc import Iterable, Mapping
from itertools import accumulate
from typing import Protocol

import msgspec

from remuda.gateway.live import Live


class Edits(msgspec.Struct, frozen=True):
    """What is changed in a request's JSON on the way: members removed, then members set (each a JSON text)."""

    strip: tuple[str, ...] = ()
    set: Mapping[str, bytes] = msgspec.field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.strip or self.set)

    def then(self, later: Edits) -> Edits:
        """These edits and then the later ones, as one: what the later ones set or strip wins."""
        if not self:
            return later
        kept = {name: value for name, value in self.set.items() if name not in later.strip}
        return Edits(tuple(dict.fromkeys((*self.strip, *later.strip))), {**kept, **later.set})


NO_EDITS = Edits()


class Candidate(msgspec.Struct, frozen=True):
    """A model that may serve the request, with the edits that the model and the way to it ask for."""

    model: str
    edits: Edits


class Asking(Protocol):
    """What a choice may depend on."""

    @property
    def chance(self) -> float:
        """A number 0 ≤ chance < 1, new for every request."""
        ...

    @property
    def live(self) -> Live:
        """What runs now."""
        ...

    def affinity(self, by: str) -> int | None:
        """A number of 64 bits that is the same for requests that belong together; None when nothing tells.

        `by`: `header:NAME`, or `prefix` for the beginning of the conversation.
        """
        ...


class Node(Protocol):
    """A choice, or a model."""

    @property
    def models(self) -> tuple[str, ...]:
        """Every model that it can lead to."""
        ...

    def candidates(self, asking: Asking) -> tuple[Candidate, ...]:
        """Who may serve the request, best first; at least one."""
        ...


_NEVER_ONE = math.nextafter(1.0, 0.0)
_BITS = 64
_MASK = (1 << _BITS) - 1
_COMING = ("starting", "waking")
_OVERLOAD = 1.25  # Mirrokni, Thorup, Zadimoghaddam: "Consistent Hashing with Bounded Loads" (2016), 1 + ε


class Leaf(msgspec.Struct, frozen=True):
    """A model. What it answers is always the same, so it is made once: `Leaf.of`."""

    models: tuple[str, ...]
    only: tuple[Candidate, ...]

    @classmethod
    def of(cls, model: str, edits: Edits = NO_EDITS) -> Leaf:
        """The leaf of a model whose requests are edited so."""
        return cls((model,), (Candidate(model, edits),))

    def candidates(self, asking: Asking) -> tuple[Candidate, ...]:
        """The model."""
        del asking
        return self.only


class Lane(msgspec.Struct, frozen=True):
    """A choice whose candidates are edited besides."""

    node: Node
    edits: Edits

    @property
    def models(self) -> tuple[str, ...]:
        """Every model that it can lead to."""
        return self.node.models

    def candidates(self, asking: Asking) -> tuple[Candidate, ...]:
        """Those of the choice."""
        return tuple(Candidate(one.model, one.edits.then(self.edits)) for one in self.node.candidates(asking))


class Target(msgspec.Struct, frozen=True):
    """What a `Split` or `Replicas` chooses among; `salt` makes its draws its own."""

    node: Node
    salt: int
    weight: int = 1

    @classmethod
    def of(cls, name: str, node: Node, weight: int = 1) -> Target:
        """The target of this name."""
        return cls(node, int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest()), weight)

    def draw(self, number: int) -> float:
        """As if drawn from 0 < … < 1, always the same for the number (the finaliser of splitmix64)."""
        mixed = (number ^ self.salt) & _MASK
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9 & _MASK
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB & _MASK
        return ((mixed ^ (mixed >> 31)) + 0.5) / (1 << _BITS)


class Split(msgspec.Struct, frozen=True):
    """Shares by weight, all of them above 0: by chance, or the same for all requests that belong together."""

    targets: tuple[Target, ...]
    sticky: str | None = None

    @property
    def models(self) -> tuple[str, ...]:
        """Every model that it can lead to."""
        return _reach(target.node for target in self.targets)

    def candidates(self, asking: Asking) -> tuple[Candidate, ...]:
        """Those of one target."""
        number = None if self.sticky is None else asking.affinity(self.sticky)
        if number is None:
            return self._by_chance(asking)
        # Weighted rendezvous: -ln(draw) / weight is an exponential variable, and the least of these wins by weight.
        chosen = min(self.targets, key=lambda target: -math.log(target.draw(number)) / target.weight)
        return chosen.node.candidates(asking)

    def _by_chance(self, asking: Asking) -> tuple[Candidate, ...]:
        bounds = tuple(accumulate(target.weight for target in self.targets))
        at = asking.chance * bounds[-1]
        index = bisect.bisect_right(bounds, at, hi=len(bounds) - 1)
        target = self.targets[index]
        # What is left of the chance is as good as new for the choices below.
        left = (at - bounds[index] + target.weight) / target.weight
        return target.node.candidates(_Below(asking, min(max(left, 0.0), _NEVER_ONE)))


class _Below(msgspec.Struct, frozen=True):
    """The same request below a split."""

    above: Asking
    chance: float

    @property
    def live(self) -> Live:
        return self.above.live

    def affinity(self, by: str) -> int | None:
        return self.above.affinity(by)


class Failover(msgspec.Struct, frozen=True):
    """One after the other."""

    targets: tuple[Node, ...]

    @property
    def models(self) -> tuple[str, ...]:
        """Every model that it can lead to."""
        return _reach(self.targets)

    def candidates(self, asking: Asking) -> tuple[Candidate, ...]:
        """Those of all targets, in order, each model once."""
        found: dict[str, Candidate] = {}
        for target in self.targets:
            for candidate in target.candidates(asking):
                found.setdefault(candidate.model, candidate)
        return tuple(found.values())


class Warm(msgspec.Struct, frozen=True):
    """The first that is ready; the first of all when none is."""

    targets: tuple[Node, ...]

    @property
    def models(self) -> tuple[str, ...]:
        """Every model that it can lead to."""
        return _reach(self.targets)

    def candidates(self, asking: Asking) -> tuple[Candidate, ...]:
        """Those of one target."""
        live = asking.live
        choices = [target.candidates(asking) for target in self.targets]
        return next((choice for choice in choices if live.is_ready(choice[0].model)), choices[0])


class Spillover(msgspec.Struct, frozen=True):
    """The first on which fewer than `at` requests are; the least loaded one when none is so."""

    targets: tuple[Node, ...]
    at: int

    @property
    def models(self) -> tuple[str, ...]:
        """Every model that it can lead to."""
        return _reach(self.targets)

    def candidates(self, asking: Asking) -> tuple[Candidate, ...]:
        """Those of one target."""
        choices = [target.candidates(asking) for target in self.targets]
        loads = [asking.live.load(choice[0].model) for choice in choices]
        index = next((index for index, load in enumerate(loads) if load < self.at), loads.index(min(loads)))
        return choices[index]


class Replicas(msgspec.Struct, frozen=True):
    """Equals: the least loaded one that is ready; else the first that is starting; else the first.

    With `affinity`, requests that belong together go to one that is ready, unless it has more than its bounded share of
    all requests on them: then to the next best.
    """

    targets: tuple[Target, ...]
    affinity: str | None = None

    @property
    def models(self) -> tuple[str, ...]:
        """Every model that it can lead to."""
        return _reach(target.node for target in self.targets)

    def candidates(self, asking: Asking) -> tuple[Candidate, ...]:
        """Those of one target."""
        live = asking.live
        choices = [(target, target.node.candidates(asking)) for target in self.targets]
        ready = [
            (target, choice, live.load(choice[0].model)) for target, choice in choices if live.is_ready(choice[0].model)
        ]
        if not ready:
            starting = (choice for _, choice in choices if live.state(choice[0].model) in _COMING)
            return next(starting, choices[0][1])
        number = None if self.affinity is None else asking.affinity(self.affinity)
        if number is not None:
            share = math.ceil(_OVERLOAD * (1 + sum(load for _, _, load in ready)) / len(ready))
            ready = [one for one in ready if one[2] < share]
            return max(ready, key=lambda one: one[0].draw(number))[1]
        return min(ready, key=lambda one: one[2])[1]


def _reach(nodes: Iterable[Node]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(model for node in nodes for model in node.models))
