"""From one generation to another, step by step, and back by itself when a step fails.

Sans-io: `Journey.next` gives the step to take, `failed` says that the last one could not be taken. What was begun is
in the `Journal`, which the steps have written down before anything happens, so that whoever finds it after a death
knows the way back. The steps that concern files say how it shall be, not what to do about it; taken twice they change
nothing, so the way back need not know how far the way there led.

The order: links that are new lead nowhere until the switch, and nobody asks for them; what is gone is stopped while its
manager still knows how; the switch is one rename, which exchanges the text of every file at once; links that lead
nowhere after it go; then the managers read their units anew, and units are started.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

import msgspec
from msgspec.structs import replace

from remuda.deploy.change import Action, in_order
from remuda.deploy.tree import COMPOSE, PREPARE, Tree, Unit, links, units

INTERRUPTED: Final = "it was interrupted"
"""Why somebody who was stopped goes back."""


class Journal(msgspec.Struct, frozen=True):
    """What is under way: from which generation (None: from none at all) to which, and how much of it was begun.

    `running` are the units that ran before, `actions` what is asked of units, of which the first `begun` have been,
    `displaced` the places of somebody else's files that are put aside. `why` is set on the way back.
    """

    before: int | None
    after: int
    running: frozenset[Unit] = frozenset()
    actions: tuple[Action, ...] = ()
    begun: int = 0
    displaced: tuple[str, ...] = ()
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """Write the journal down."""

    journal: Journal


@dataclass(frozen=True, slots=True)
class Displace:
    """Keep a copy of somebody else's file, which a link of ours shall replace."""

    place: PurePosixPath


@dataclass(frozen=True, slots=True)
class Restore:
    """Put a file that was put aside back, if something of ours took its place."""

    place: PurePosixPath


@dataclass(frozen=True, slots=True)
class Link:
    """See that a link is there."""

    place: PurePosixPath
    text: str


@dataclass(frozen=True, slots=True)
class Unlink:
    """See that a link of ours is not there."""

    place: PurePosixPath
    text: str


@dataclass(frozen=True, slots=True)
class Switch:
    """Make a generation the current one; None: there is none."""

    number: int | None


@dataclass(frozen=True, slots=True)
class Prepare:
    """Run what the generation has to prepare the machine."""


@dataclass(frozen=True, slots=True)
class ReadUnits:
    """Let a manager read its units anew."""

    manager: str


@dataclass(frozen=True, slots=True)
class Act:
    """Do something to a unit, and wait until that is done."""

    action: Action


@dataclass(frozen=True, slots=True)
class LookAt:
    """See that units still run."""

    units: tuple[Unit, ...]


@dataclass(frozen=True, slots=True)
class Settle:
    """Forget the journal."""


Step = Note | Displace | Restore | Link | Unlink | Switch | Prepare | ReadUnits | Act | LookAt | Settle


@dataclass(frozen=True, slots=True)
class Ways:
    """The two trees between which it goes, and where `current` is on the machine."""

    old: Tree
    new: Tree
    current: PurePosixPath

    def links(self, tree: Tree) -> Mapping[PurePosixPath, str]:
        """The links of one of them."""
        return links(tree, self.current)


class Journey:
    """One way from a generation to another. `with_units` is false where nothing shall be started or stopped."""

    def __init__(self, ways: Ways, journal: Journal, *, with_units: bool) -> None:
        self._ways = ways
        self._with_units = with_units
        self.journal = journal
        self.trouble: list[str] = []
        self._steps = self._there()
        self._last: Step | None = None

    @property
    def is_back(self) -> bool:
        """Whether it leads back."""
        return self.journal.why is not None

    def texts(self, place: PurePosixPath) -> AbstractSet[str | None]:
        """What the links of ours at a place say."""
        return {self._ways.links(tree).get(place) for tree in (self._ways.old, self._ways.new)} - {None}

    def next(self) -> Step | None:
        """The step to take now; None at the end."""
        if not self._steps:
            return None
        step = self._steps[0]
        if isinstance(step, Act) and not self.is_back and self._is_new(step.action):
            self.journal = replace(self.journal, begun=self.journal.begun + 1)
            return Note(self.journal)
        self._last = self._steps.pop(0)
        return step

    def failed(self, why: str) -> bool:
        """The last step could not be taken. Says whether there is a way on.

        On the way back a unit that fails keeps nobody from the rest of it; a file that does leaves the journal for the
        next attempt.
        """
        if not self.is_back:
            self.turn(why)
            return True
        self.trouble.append(why)
        return isinstance(self._last, Act | ReadUnits)

    def turn(self, why: str) -> None:
        """From here on, back."""
        self.journal = replace(self.journal, why=why)
        self._steps = self._back()

    def arrive(self) -> None:
        """From here on, only what is left to do once every unit is as it shall be.

        Nobody has seen the end of the last action, or even whether it was asked for, so that is done again.
        """
        last = [one for one in self.journal.actions[-1:] if one.verb != "stop"] if self._with_units else []
        self._steps = [
            Switch(self.journal.after),
            *self._gone(),
            *self._prepare(),
            *self._read_units(),
            *map(Act, last),
            Settle(),
        ]

    def has_arrived(self, running: AbstractSet[Unit]) -> bool:
        """Whether it was interrupted when nothing was left but to `arrive`: all was begun, and what lasts runs."""
        is_begun = self.journal.why is None and self.journal.begun == len(self.journal.actions)
        return is_begun and set(self._lasting(self.journal.actions[:-1])) <= running

    def _lasting(self, actions: Iterable[Action]) -> tuple[Unit, ...]:
        """Those that go on running once they are started; what is there on demand may be stopped at any time."""
        there = units(self._ways.new)
        started = [one.unit for one in actions if one.verb in ("start", "restart")]
        return tuple(unit for unit in started if unit.manager == COMPOSE or there[unit].file.is_wanted)

    def _is_new(self, action: Action) -> bool:
        return action not in self.journal.actions[: self.journal.begun]

    def _there(self) -> list[Step]:
        actions = self.journal.actions if self._with_units else ()
        stops = [one for one in actions if one.verb == "stop"]
        others = [one for one in actions if one.verb != "stop"]
        return [
            Note(self.journal),
            *(Displace(PurePosixPath(place)) for place in self.journal.displaced),
            *(Link(place, text) for place, text in self._ways.links(self._ways.new).items()),
            *map(Act, stops),
            Switch(self.journal.after),
            *self._gone(),
            *self._prepare(),
            *self._read_units(),
            *map(Act, others),
            *([LookAt(lasting)] if (lasting := self._lasting(others)) else ()),
            Settle(),
        ]

    def _back(self) -> list[Step]:
        old, new = self._ways.links(self._ways.old), self._ways.links(self._ways.new)
        undone = _undone(self.journal) if self._with_units else {}
        order = [unit for unit in in_order({**units(self._ways.new), **units(self._ways.old)}) if unit in undone]
        return [
            Note(self.journal),
            *(Act(undone[unit]) for unit in reversed(order) if undone[unit].verb == "stop"),
            *(Link(place, text) for place, text in old.items() if str(place) not in self.journal.displaced),
            Switch(self.journal.before),
            *(Unlink(place, text) for place, text in new.items() if place not in old),
            *(Restore(PurePosixPath(place)) for place in self.journal.displaced),
            *self._read_units(),
            *(Act(undone[unit]) for unit in order if undone[unit].verb != "stop"),
            Settle(),
        ]

    def _gone(self) -> list[Unlink]:
        new = self._ways.links(self._ways.new)
        return [Unlink(place, text) for place, text in self._ways.links(self._ways.old).items() if place not in new]

    def _prepare(self) -> list[Prepare]:
        return [Prepare()] if self._with_units and PREPARE in self._ways.new.files else []

    def _read_units(self) -> list[ReadUnits]:
        if not self._with_units:
            return []
        concerned = {unit.manager for tree in (self._ways.old, self._ways.new) for unit in units(tree)}
        return [ReadUnits(manager) for manager in sorted(concerned - {COMPOSE})]


def _undone(journal: Journal) -> Mapping[Unit, Action]:
    """What makes up for what was begun: what ran before runs again as it did, what did not is stopped."""
    made_up: dict[Unit, Action] = {}
    for one in journal.actions[: journal.begun]:
        if one.unit not in journal.running:
            made_up[one.unit] = Action("stop", one.unit)
        elif one.verb != "reload":
            made_up[one.unit] = Action("restart", one.unit)
        else:
            made_up.setdefault(one.unit, one)
    return made_up
