"""Takes the steps of a journey on this disk, and on this machine if it is a running one."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Final

from remuda.deploy import journey
from remuda.deploy.change import Action
from remuda.deploy.journey import Journey, Step
from remuda.deploy.tree import PREPARE
from remuda.edge.deploy.disk import Disk
from remuda.edge.deploy.machine import Machine
from remuda.edge.deploy.site import Site
from remuda.edge.deploy.store import Store
from remuda.errors import EffectError

Tell = Callable[[str], None]
"""Takes a line about what is happening."""

_DOING: Final = {"start": "starting", "stop": "stopping", "restart": "restarting", "reload": "reloading"}
_SLOW_S: Final = 1.0


class Carrier:
    """The means of a journey; `machine` is None where nothing is started."""

    def __init__(self, site: Site, store: Store, disk: Disk, machine: Machine | None, tell: Tell) -> None:
        self._site = site
        self._store = store
        self._disk = disk
        self._machine = machine
        self._tell = tell
        self._took_s: dict[str, float] = {}

    async def go(self, travelled: Journey) -> None:
        """Take every step to the end, there or back. Raises EffectError if there is no way on; the journal remains.

        Who is interrupted goes back.
        """
        while (step := travelled.next()) is not None:
            try:
                await self._take(step, travelled)
            except asyncio.CancelledError:
                _uncancel()
                if travelled.is_back or not travelled.failed(journey.INTERRUPTED):
                    raise
                self._tell("interrupted: going back")
            except (EffectError, OSError) as error:
                why = error.message if isinstance(error, EffectError) else _said(error)
                await self._last_lines(step)
                if not travelled.is_back:
                    self._tell("going back")
                if not travelled.failed(why):
                    raise EffectError(f"cannot go back: {why}", hint="remove the cause and run this again") from error
        if not travelled.is_back:
            self._store.remember_starts(self._took_s)

    async def _take(self, step: Step, travelled: Journey) -> None:
        match step:
            case journey.Note(journal):
                self._store.note(journal)
            case journey.Switch(number):
                self._store.switch(number)
            case journey.Settle():
                self._settle(travelled)
            case journey.Act(action):
                await self._act(action)
            case journey.ReadUnits(manager) if self._machine:
                await self._machine.read_units(manager)
            case journey.Prepare() if self._machine:
                self._tell("preparing the machine")
                for line in await self._machine.prepare(self._site.directory / "current" / PREPARE):
                    self._tell(f"  {line}")
            case journey.LookAt(units) if self._machine:
                missing = set(units) - await self._machine.up(units)
                if missing:
                    raise EffectError(f"`{min(missing)}` has ended again")
            case _:
                self._on_disk(step, travelled)

    def _on_disk(self, step: Step, travelled: Journey) -> None:
        match step:
            case journey.Link(place, text):
                if _link(self._site.real(place)) != text:
                    self._disk.link(self._site.real(place), text)
            case journey.Unlink(place, text):
                is_displaced = not travelled.is_back and str(place) in travelled.journal.displaced
                self._unlink(self._site.real(place), None if is_displaced else text)
            case journey.Displace(place):
                if os.path.lexists(self._site.real(place)):
                    self._disk.copy(self._site.real(place), self._kept(place, travelled))
            case journey.Restore(place):
                self._restore(place, travelled)
            case _:
                pass

    def _unlink(self, path: Path, text: str | None) -> None:
        if text is None or _link(path) == text:
            self._disk.remove(path)
        self._disk.forget_unfinished(path)
        if path.parent.suffix in (".wants", ".requires"):
            self._disk.remove_directory(path.parent)

    def _restore(self, place: PurePosixPath, travelled: Journey) -> None:
        path, kept = self._site.real(place), self._kept(place, travelled)
        for unfinished in (path, kept):
            self._disk.forget_unfinished(unfinished)
        is_free = not os.path.lexists(path) or _link(path) in travelled.texts(place)
        if is_free and os.path.lexists(kept):
            self._disk.copy(kept, path)

    def _kept(self, place: PurePosixPath, travelled: Journey) -> Path:
        return self._store.displaced(travelled.journal.after, place)

    def _settle(self, travelled: Journey) -> None:
        said = travelled.journal
        if said.why is None:
            if self._machine:
                self._store.mark_started(said.after)
            self._store.mark_applied(said.after)
        elif said.after != said.before:
            self._store.mark_failed(said.after, said.why)
        self._store.settle()

    async def _act(self, action: Action) -> None:
        if self._machine is None:
            return
        self._tell(f"{_DOING[action.verb]} {action.unit}")
        began = time.monotonic()
        await self._machine.act(action)
        took_s = time.monotonic() - began
        if action.verb in ("start", "restart"):
            self._took_s[action.unit.name] = round(took_s, 1)
            if took_s >= _SLOW_S:
                self._tell(f"{action.unit} is ready after {took_s:.0f} s")

    async def _last_lines(self, step: Step) -> None:
        if isinstance(step, journey.Act) and step.action.verb != "stop" and self._machine:
            with contextlib.suppress(EffectError):  # what has failed is said in any case
                for line in await self._machine.last_lines(step.action.unit):
                    self._tell(f"  {line}")


def _link(path: Path) -> str | None:
    try:
        return str(path.readlink())
    except OSError:
        return None


def _said(error: OSError) -> str:
    where = f" `{error.filename}`" if error.filename else ""
    return f"cannot change{where}: {(error.strerror or str(error)).lower()}"


def _uncancel() -> None:
    task = asyncio.current_task()
    if task is not None:
        task.uncancel()
