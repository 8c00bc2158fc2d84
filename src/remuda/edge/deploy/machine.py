"""The managers of a running machine: systemd's, of the system and of users, and docker compose.

Each action waits until the unit has started, which for `Type=notify` is when it is ready; the limit is the unit's own.
Not done here: what to ask of which unit (`remuda.deploy`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol

from remuda.deploy.change import Action
from remuda.deploy.tree import COMPOSE, Unit
from remuda.edge.deploy.compose import Compose
from remuda.edge.deploy.program import run
from remuda.edge.systemd.journal import last_lines
from remuda.edge.systemd.service_manager import Manager

_LIMIT_S: Final = 24 * 3600.0
"""Longer than any unit may take; the unit says how long that is."""
_LINES: Final = 12
_PREPARE_S: Final = 3600.0


class Machine(Protocol):
    """What deploying asks of a machine that is running."""

    async def up(self, units: Iterable[Unit]) -> frozenset[Unit]:
        """Those of the units that run or are about to. Raises EffectError."""
        ...

    async def read_units(self, manager: str) -> None:
        """Let a manager read its units anew. Raises EffectError."""
        ...

    async def act(self, action: Action) -> None:
        """Do something to a unit, and wait until it is done. Raises EffectError."""
        ...

    async def prepare(self, program: Path) -> Sequence[str]:
        """Run what prepares the machine, and say what it did. Raises EffectError with what it has said."""
        ...

    async def last_lines(self, unit: Unit) -> Sequence[str]:
        """The last lines of a unit's log since it was last started, as far as they can be had. Raises EffectError."""
        ...


class RunningMachine:
    """This machine. `current` is the directory of the current generation's files."""

    def __init__(self, environment: Mapping[str, str], current: Path) -> None:
        self._environment = environment
        self._managers: dict[str, Manager] = {}
        self._compose = Compose(current / "compose.yaml")

    async def up(self, units: Iterable[Unit]) -> frozenset[Unit]:
        """Those of the units that run or are about to. Raises EffectError."""
        names: dict[str, list[str]] = defaultdict(list)
        for unit in units:
            names[unit.manager].append(unit.name)
        found: set[Unit] = set()
        for manager, wanted in names.items():
            if not _is_there(manager):
                continue
            up = await (self._compose.up() if manager == COMPOSE else self._manager(manager).up(wanted))
            found |= {Unit(manager, name) for name in up}
        return frozenset(found)

    async def read_units(self, manager: str) -> None:
        """Let a manager read its units anew. Raises EffectError."""
        if _is_there(manager):
            await self._manager(manager).reload()

    async def act(self, action: Action) -> None:
        """Do something to a unit, and wait until it is done. Raises EffectError."""
        unit = action.unit
        if unit.manager == COMPOSE:
            await self._compose.act(action.verb, unit.name)
            return
        manager = self._manager(unit.manager)
        match action.verb:
            case "start":
                await manager.reset_failed(unit.name)
                await manager.start(unit.name, limit_s=_LIMIT_S)
            case "restart":
                await manager.reset_failed(unit.name)
                await manager.restart(unit.name, limit_s=_LIMIT_S)
            case "stop":
                await manager.stop(unit.name, limit_s=_LIMIT_S)
            case "reload":
                await manager.reload_unit(unit.name, limit_s=_LIMIT_S)

    async def prepare(self, program: Path) -> Sequence[str]:
        """Run what prepares the machine, and say what it did. Raises EffectError with what it has said."""
        said = await run((str(program), "--apply"), limit_s=_PREPARE_S)
        return [line for line in said.splitlines() if line.startswith(("+ ", "! "))]

    async def last_lines(self, unit: Unit) -> Sequence[str]:
        """The last lines of a unit's log since it was last started, as far as they can be had. Raises EffectError."""
        if unit.manager == COMPOSE:
            return ()
        state = await self._manager(unit.manager).state(unit.name)
        return await last_lines(self._environment, state, _LINES)

    def close(self) -> None:
        """Let go of the connections."""
        for manager in self._managers.values():
            manager.close()

    def _manager(self, name: str) -> Manager:
        if name not in self._managers:
            self._managers[name] = Manager(self._where(name), is_user=name != "system")
        return self._managers[name]

    def _where(self, name: str) -> Mapping[str, str]:
        return {"XDG_RUNTIME_DIR": f"/run/user/{name}"} if name.isdigit() else self._environment


def _is_there(manager: str) -> bool:
    """Whether a user has a manager yet; one that is to be made has none, and no units that run."""
    return not manager.isdigit() or Path(f"/run/user/{manager}/systemd").is_dir()
