"""Applies trees to a site and goes back to earlier ones, one at a time.

Whoever comes next finishes or undoes what somebody began and did not live to end. Not done here: rendering, and what
is printed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from remuda.deploy.change import Change, change
from remuda.deploy.journey import INTERRUPTED, Journal, Journey, Ways
from remuda.deploy.manifest import Origin, edited
from remuda.deploy.survey import Found, Objection, Survey
from remuda.deploy.tree import EMPTY, Tree, Unit, links, units
from remuda.edge import lock
from remuda.edge.deploy.carrier import Carrier, Tell
from remuda.edge.deploy.disk import Disk
from remuda.edge.deploy.machine import Machine
from remuda.edge.deploy.site import Site
from remuda.edge.deploy.store import Generation, Store
from remuda.errors import EffectError


@dataclass(frozen=True, slots=True)
class Proposal:
    """What applying a tree would do; `running` are the units that run, `displaced` the places of others' files."""

    applied: int | None
    change: Change
    running: frozenset[Unit]
    displaced: tuple[PurePosixPath, ...]
    objections: tuple[Objection, ...]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return self.change.is_empty and not self.displaced and not self.objections


class Deployment:
    """The deployments of a site. Without a `machine` nothing is started, stopped or asked."""

    def __init__(self, site: Site, machine: Machine | None, tell: Tell, disk: Disk | None = None) -> None:
        self._site = site
        self._machine = machine
        self._tell = tell
        self._disk = disk or Disk()
        self.store = Store(site.directory, self._disk)
        self._carrier = Carrier(site, self.store, self._disk, machine, tell)

    def locked(self) -> lock.Lock:
        """Keep others out until it is released. Raises EffectError that names who is in."""
        path = self._site.directory / "lock"
        try:
            self._disk.make_directory(path.parent)
            return lock.Lock(path)
        except EffectError:
            message = f"cannot deploy: the process {lock.holder(path) or '?'} does so at the moment"
            raise EffectError(message, hint="wait until it has ended") from None
        except OSError as error:
            message = f"cannot write to `{error.filename}`: {(error.strerror or str(error)).lower()}"
            hint = "run it as root, or use `--user` or `--root DIR`" if isinstance(error, PermissionError) else None
            raise EffectError(message, hint=hint) from error

    def applied(self) -> Generation | None:
        """The generation that is applied."""
        number = self.store.current()
        return None if number is None else self.store.load(number)

    async def propose(self, tree: Tree) -> Proposal:
        """What applying a tree would do; nothing is changed."""
        applied, started = self.applied(), self._tree(self.store.started())
        old = applied.tree if applied else EMPTY
        survey = self._survey(applied, tree)
        asked = {*units(old), *units(started), *units(tree)}
        running = await self._machine.up(asked) if self._machine and asked else frozenset[Unit]()
        files = change(old.found(survey.texts(tree)), tree, running).files
        units_told = change(started.found(survey.texts(tree)), tree, running)
        told = Change(files, units_told.actions, units_told.models) if self._machine else Change(files, (), {})
        number = applied.number if applied else None
        return Proposal(number, told, running, survey.displaced, tuple(survey.objections(tree)))

    async def apply(self, tree: Tree, origin: Origin, *, force: bool, keep: int) -> int:
        """Make a tree the applied one; its generation, of which the newest are kept.

        Raises EffectError if it did not come to stay; then all is as before.
        """
        proposal = await self.propose(tree)
        self._object(proposal, force=force)
        number = proposal.applied
        if number is None or proposal.change.files or self.store.manifest(number).target != tree.target:
            number = self.store.add(tree, origin)
        if number != proposal.applied or not proposal.is_empty:
            await self._go(proposal, tree, number)
        self.store.prune(keep)
        return number

    def earlier(self, number: int | None) -> Generation:
        """The generation that a rollback leads to: the one before, unless a number is given. Raises EffectError."""
        wanted = self.store.previous() if number is None else number
        if wanted is None:
            raise EffectError("cannot roll back: no earlier generation is kept", hint="see `remuda generations`")
        return self.store.load(wanted)

    async def rollback(self, generation: Generation, *, force: bool) -> None:
        """Make an earlier generation the applied one. Raises EffectError if it did not come to stay."""
        proposal = await self.propose(generation.tree)
        self._object(proposal, force=force)
        await self._go(proposal, generation.tree, generation.number)

    async def recover(self) -> None:
        """End what somebody began: if every unit came up, by tidying up after it, else by going back."""
        journal = self.store.journal()
        if journal is None:
            return
        if self._machine is None and journal.begun:
            message = (
                f"cannot end the deployment of generation {journal.after}, which was interrupted: units are to be asked"
            )
            raise EffectError(message, hint="run this without `--no-start` once")
        travelled = Journey(self._ways(journal), journal, with_units=self._machine is not None)
        if await self._has_arrived(travelled):
            self._tell(f"the deployment of generation {journal.after} was interrupted near its end: finishing it")
            travelled.arrive()
        else:
            where = "nothing" if journal.before is None else f"generation {journal.before}"
            self._tell(f"a deployment of generation {journal.after} was interrupted: going back to {where}")
            travelled.turn(journal.why or INTERRUPTED)
        await self._carrier.go(travelled)
        self._regret(travelled.trouble)

    async def _has_arrived(self, travelled: Journey) -> bool:
        journal = travelled.journal
        if self.store.current() != journal.after:
            return False
        asked = {one.unit for one in journal.actions}
        running = await self._machine.up(asked) if self._machine and asked else frozenset[Unit]()
        return travelled.has_arrived(running)

    async def _go(self, proposal: Proposal, tree: Tree, number: int) -> None:
        journal = Journal(
            before=proposal.applied,
            after=number,
            running=proposal.running,
            actions=proposal.change.actions,
            displaced=tuple(map(str, proposal.displaced)),
        )
        old = self._tree(proposal.applied)
        ways = Ways(old, tree, self._site.current)
        travelled = Journey(ways, journal, with_units=self._machine is not None)
        await self._carrier.go(travelled)
        self._regret(travelled.trouble)
        if travelled.journal.why == INTERRUPTED:
            raise asyncio.CancelledError
        if travelled.is_back:
            where = "nothing was applied before" if journal.before is None else f"generation {journal.before} is back"
            why, *said = (travelled.journal.why or "").split("\n", 1)
            raise EffectError("\n".join((f"cannot apply generation {number}: {why}; {where}", *said)))

    def _regret(self, trouble: Sequence[str]) -> None:
        for why in trouble:
            self._tell(f"on the way back: {why}")

    def _ways(self, journal: Journal) -> Ways:
        return Ways(self._tree(journal.before), self._tree(journal.after), self._site.current)

    def _tree(self, number: int | None) -> Tree:
        return EMPTY if number is None else self.store.load(number).tree

    def _survey(self, applied: Generation | None, tree: Tree) -> Survey:
        old = links(applied.tree, self._site.current) if applied else {}
        new = links(tree, self._site.current)
        changed = edited(applied.manifest, applied.tree.files) if applied else {}
        return Survey(old, new, {place: _found(self._site.real(place)) for place in {**old, **new}}, changed)

    def _object(self, proposal: Proposal, *, force: bool) -> None:
        final = [one for one in proposal.objections if one.is_final]
        against = final if force else proposal.objections
        if against:
            listed = ", ".join(f"`{self._site.real(one.path)}` {one.why}" for one in against)
            hint = "move your changes to the fleet file, or apply over them with `--force`; what was there is kept"
            raise EffectError(f"cannot apply: {listed}", hint="move it away" if final else hint)


def _found(path: Path) -> Found:
    try:
        if path.is_symlink():
            return Found("link", str(path.readlink()))
        if path.is_file():
            return Found("file", path.read_text())
        return Found("other" if path.exists() else "nothing")
    except UnicodeDecodeError:
        return Found("file")
