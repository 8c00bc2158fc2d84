"""What applying a tree over another would change: files, links and units, in the order in which units come.

The rule for units is short: one that is gone is stopped; one that runs and whose files changed is restarted, or
reloaded if only a file that it names has changed and it can; one that something wants runs in the end; every other is
left alone. So a unit that the gateway starts on demand is restarted only if it runs.
"""

from __future__ import annotations

import difflib
import heapq
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

import msgspec

from remuda.deploy.tree import COMPOSE, Described, Tree, Unit, units

Verb = Literal["stop", "start", "restart", "reload"]


class Action(msgspec.Struct, frozen=True):
    """What happens to a unit."""

    verb: Verb
    unit: Unit


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file that changes; None where there is none."""

    path: PurePosixPath
    before: str | None
    after: str | None

    @property
    def kind(self) -> str:
        """In a word."""
        if self.before is None:
            return "added"
        return "removed" if self.after is None else "changed"

    def diff(self) -> str:
        """The lines that differ, as `diff -u` shows them."""
        pieces = difflib.unified_diff(
            (self.before or "").splitlines(keepends=True),
            (self.after or "").splitlines(keepends=True),
            "/dev/null" if self.before is None else f"a/{self.path}",
            "/dev/null" if self.after is None else f"b/{self.path}",
        )
        return "".join(piece if piece.endswith("\n") else f"{piece}\n" for piece in pieces)


@dataclass(frozen=True, slots=True)
class Change:
    """Everything that changes. `models` are those that clients cannot reach for a while, by unit."""

    files: tuple[FileChange, ...]
    actions: tuple[Action, ...]
    models: Mapping[Unit, str]

    @property
    def is_empty(self) -> bool:
        """Whether nothing is to be done."""
        return not self.files and not self.actions


def change(old: Tree, new: Tree, running: AbstractSet[Unit]) -> Change:
    """What has to happen for the new tree to hold where the old one did."""
    files = tuple(
        FileChange(path, old.files.get(path), new.files.get(path))
        for path in sorted({*old.files, *new.files})
        if old.files.get(path) != new.files.get(path) or (path in old.executable) != (path in new.executable)
    )
    actions = _actions(units(old), units(new), {file.path for file in files}, running)
    names = {**old.models, **new.models}
    felt = {one.unit: names[one.unit.name] for one in actions if one.unit.name in names and one.unit in running}
    return Change(files, actions, felt)


def _actions(
    old: Mapping[Unit, Described],
    new: Mapping[Unit, Described],
    changed: AbstractSet[PurePosixPath],
    running: AbstractSet[Unit],
) -> tuple[Action, ...]:
    verbs = {unit: verb for unit, one in new.items() if (verb := _verb(unit, one, changed, running))}
    stopped = {unit for unit in old if unit not in new and unit in running}
    # systemd starts no socket whose service runs, so that one makes way for it.
    sockets = [unit for unit, verb in verbs.items() if verb != "reload"]
    served = {service for unit in sockets if (service := _service_of(unit)) and service in running & new.keys()}
    verbs |= dict.fromkeys(served, "start")
    stops = [unit for unit in in_order({**old, **new}) if unit in stopped | served]
    # A gateway stops what it has started and what is another now, so it comes when nobody waits for that any more.
    ranks = {
        unit: 2 if verb == "reload" else int(new[unit].file.is_wanted or unit in served) for unit, verb in verbs.items()
    }
    others = sorted((unit for unit in in_order(new) if unit in verbs), key=ranks.__getitem__)
    return (*(Action("stop", unit) for unit in reversed(stops)), *(Action(verbs[unit], unit) for unit in others))


def _verb(unit: Unit, one: Described, changed: AbstractSet[PurePosixPath], running: AbstractSet[Unit]) -> Verb | None:
    if unit not in running:
        return "start" if one.file.is_wanted or unit.name == COMPOSE else None
    if one.paths & changed:
        return "restart"
    if any(name in one.file.text for path in changed for name in _names(path)):
        return "reload" if one.file.is_reloadable else "restart"
    return None


def _names(path: PurePosixPath) -> tuple[str, ...]:
    """How a unit may name a file; `%E` is `/etc` for the system's, and the directory of a user's configuration."""
    return (f"/{path}", f"%E/{path.relative_to(path.parts[0])}") if path.parts[0] in ("etc", "config") else ()


def _service_of(unit: Unit) -> Unit | None:
    name = unit.name.removesuffix(".socket")
    return None if name == unit.name else Unit(unit.manager, f"{name}.service")


def in_order(described: Mapping[Unit, Described]) -> Sequence[Unit]:
    """The units, each behind those that it waits for; by name where nothing decides, or where they wait in a ring."""
    waits: dict[Unit, set[Unit]] = {unit: set() for unit in described}
    waited_for: dict[Unit, set[Unit]] = {unit: set() for unit in described}
    for first, second in _pairs(described):
        if first in waits and second in waits and first != second:
            waits[second].add(first)
            waited_for[first].add(second)
    ready = [unit for unit, others in waits.items() if not others]
    heapq.heapify(ready)
    ordered: list[Unit] = []
    while waits:
        unit = heapq.heappop(ready) if ready else min(waits)
        ordered.append(unit)
        del waits[unit]
        for other in waited_for[unit] & waits.keys():
            waits[other].discard(unit)
            if not waits[other]:
                heapq.heappush(ready, other)
    return ordered


def _pairs(described: Mapping[Unit, Described]) -> Iterator[tuple[Unit, Unit]]:
    """Which unit comes before which; some may be of somebody else."""
    for unit, one in described.items():
        yield from ((Unit(unit.manager, name), unit) for name in one.file.after)
        yield from ((unit, Unit(unit.manager, name)) for name in one.file.before)
        service = _service_of(unit)
        if service is not None:
            yield unit, service
        if unit.manager == COMPOSE:
            yield Unit(COMPOSE, COMPOSE), unit
