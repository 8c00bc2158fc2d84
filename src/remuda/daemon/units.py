"""The runtime `systemd`: units that are there already, of the user's systemd or of the system's.

What an engine is started with stands in its unit: `remuda render` has written that from the same fleet, and an
administrator may have changed it since. So nothing of it is passed here but the order to start and to stop; the port is
the unit's. There is one unit for a model, so there is never a second engine: one that runs already, since it was
started by hand, at boot or again by systemd, is taken for the one that was to be started.

A unit is looked for where this user's own are, then where the system's are.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection, Mapping
from pathlib import Path

from remuda.daemon.runtimes import Start
from remuda.edge.clock import unix_s
from remuda.edge.log_copy import LogCopy
from remuda.edge.records import Record
from remuda.edge.systemd.journal import Journal
from remuda.edge.systemd.service_manager import Manager, UnitError
from remuda.edge.systemd.unit import Unit
from remuda.edge.systemd.unit_state import UnitState
from remuda.errors import EffectError
from remuda.plan.plan import Instance

_FOR_EVER_S = 7 * 24 * 3600.0
"""Until its main process is there a unit may do much else; its own `TimeoutStartSec=` bounds that."""


class Units:
    """The units of this machine. `environment`: where the user's manager is found."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._managers = tuple(Manager(environment, is_user=is_user) for is_user in (True, False))

    async def prepare(self, instance: Instance, log: Path) -> None:
        """See that the unit is there. Raises EffectError."""
        del log
        await self._find(_unit(instance))

    async def start(self, start: Start) -> Unit:
        """Start the unit, unless it runs; ready when it has a main process. Raises EffectError."""
        manager, before = await self._find(_unit(start.instance))
        try:
            if before.active_state == "failed":
                await manager.reset_failed(before.name)
            asked_s = unix_s()
            state = await _started(manager, before)
            is_new = state.invocation_id != before.invocation_id
            copy = self._copy(manager, state, start.log, began_s=asked_s if is_new else state.began_s)
            return Unit(manager, state, copy)
        except BaseException:
            with contextlib.suppress(EffectError):
                await manager.stop(before.name)
            raise

    async def adopt(self, record: Record, log: Path) -> Unit | None:
        """Take over what the model's unit runs now, whoever has started it; None when it does not run."""
        if record.unit is None:
            return None
        manager, state = await self._find(record.unit)
        if not state.main_pid:
            return None
        return Unit(manager, state, self._copy(manager, state, log, began_s=state.began_s, resume=True))

    async def clear(self, kept: Collection[str]) -> None:
        """What runs without a record is systemd's, until it is taken over."""

    async def up(self, units: Collection[str]) -> frozenset[str]:
        """Those of the units that run or are about to. Raises EffectError where no manager can be asked."""
        found: frozenset[str] = frozenset()
        unanswered: list[EffectError] = []
        for manager in self._managers:
            try:
                found |= await manager.up(tuple(units))
            except EffectError as error:
                unanswered.append(error)
        if len(unanswered) == len(self._managers):
            raise unanswered[0]
        return found

    async def is_restarting(self) -> bool:
        """Whether systemd stops the unit that this process runs in only to start it again."""
        invocation_id = self._environment.get("INVOCATION_ID")
        for manager in self._managers if invocation_id else ():
            with contextlib.suppress(EffectError):
                return await manager.job_of(str(invocation_id)) == "restart"
        return False

    def close(self) -> None:
        """Let go of systemd."""
        for manager in self._managers:
            manager.close()

    async def _find(self, unit: str) -> tuple[Manager, UnitState]:
        """Where the unit is, and how it is. Raises EffectError."""
        unanswered: list[UnitError] = []
        reasons: list[str] = []
        for manager in self._managers:
            try:
                state = await manager.state(unit)
            except UnitError as error:
                unanswered.append(error)
                continue
            if state.load_state == "loaded":
                return manager, state
            if state.load_state != "not-found":
                reasons.append(f"{state.load_state}, {state.load_error}" if state.load_error else state.load_state)
        if len(unanswered) == len(self._managers):
            raise unanswered[0]
        if reasons:
            message = f"cannot use the unit `{unit}`: {'; '.join(reasons).rstrip('.')}"
            raise UnitError(message, hint=f"see `systemctl status {unit}`, with `--user` if it is a user's")
        message = f"cannot find the unit `{unit}`: systemd does not know it"
        raise UnitError(message, hint="install it with `remuda apply systemd`")

    def _copy(self, manager: Manager, state: UnitState, log: Path, *, began_s: float, resume: bool = False) -> LogCopy:
        journal = Journal(
            self._environment, is_user=manager.is_user, began_s=began_s, pid=state.main_pid or state.exec_main_pid
        )
        return LogCopy(journal, state.name, log, resume=resume)


def _unit(instance: Instance) -> str:
    assert instance.unit is not None, f"{instance.model_id} has no unit"  # noqa: S101  the plan of this runtime has one
    return instance.unit


async def _started(manager: Manager, before: UnitState) -> UnitState:
    """Start a unit; its state once it has a main process, or has had one. Raises EffectError."""

    def has_begun(state: UnitState) -> bool:
        return bool(state.main_pid or (state.exec_main_pid and state.invocation_id != before.invocation_id))

    async def begun() -> UnitState:
        async with contextlib.aclosing(manager.watch(before.name)) as states:
            async for state in states:
                if has_begun(state):
                    return state
        raise AssertionError

    loop = asyncio.get_running_loop()
    # One that systemd will start again after a while is wanted now.
    begin = manager.restart if before.sub_state.startswith("auto-restart") else manager.start
    starting = loop.create_task(begin(before.name, limit_s=_FOR_EVER_S), name=f"starting {before.name}")
    seeing = loop.create_task(begun(), name=f"watching the start of {before.name}")
    try:
        await asyncio.wait((starting, seeing), return_when=asyncio.FIRST_COMPLETED)
        state = seeing.result() if seeing.done() else await manager.state(before.name)
        if not has_begun(state):
            await starting
            raise UnitError(f"cannot start `{before.name}`: it has no main process", state=state)
        return state
    finally:
        for task in (starting, seeing):
            task.cancel()
        await asyncio.wait((starting, seeing))
        if not starting.cancelled():
            starting.exception()  # seen: the end of the process tells more
