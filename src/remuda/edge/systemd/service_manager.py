"""A service manager of systemd: starts, stops and watches units, over one connection that is made when it is needed.

Each operation waits until systemd has carried it out: the job that it makes of the request is seen to be removed, with
its result. A signal is only ever a reason to look: what holds is what the unit's object says then. So nothing is missed
when the connection is lost, as it is when the bus is started anew: the next operation connects again, and whoever
watches looks again.

Not done here: which unit a model has, and what its end means (`remuda.daemon.units`).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from typing import Any, Final

from remuda.edge.systemd.bus import LIMIT_S, Bus, BusError, connect, place_of
from remuda.edge.systemd.unit_state import UnitState, object_path, state_of
from remuda.errors import EffectError

JOB_S: Final = 90.0
"""How long a job may take where the caller does not say: systemd's own default for a unit."""

_AGAIN_S: Final = 1.0
_DENIED: Final = frozenset(
    ("org.freedesktop.DBus.Error.AccessDenied", "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired")
)
_NOT_LOADED: Final = "org.freedesktop.systemd1.NoSuchUnit"


class UnitError(EffectError):
    """An operation on a unit failed. `result`: that of its job, `lost` without one; `state` after it, if known."""

    def __init__(
        self, message: str, *, result: str = "lost", state: UnitState | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.result = result
        self.state = state


class Manager:
    """The user's manager, or the system's; `environment` tells where the user's is found."""

    def __init__(self, environment: Mapping[str, str], *, is_user: bool) -> None:
        self.is_user = is_user
        self._place = place_of(environment, is_user=is_user)
        self._bus: Bus | None = None
        self._connecting = asyncio.Lock()
        self._waiting: list[_Ends] = []
        self._watching: dict[str, list[asyncio.Event]] = {}

    async def start(self, unit: str, *, limit_s: float = JOB_S) -> None:
        """Start a unit that does not run, and wait until systemd holds it for started. Raises UnitError."""
        await self._carry_out("start", "StartUnit", unit, limit_s)

    async def stop(self, unit: str, *, limit_s: float = JOB_S) -> None:
        """Stop a unit, and wait until it has; also one that is to be started again. Raises UnitError."""
        await self._carry_out("stop", "StopUnit", unit, limit_s)

    async def restart(self, unit: str, *, limit_s: float = JOB_S) -> None:
        """Stop a unit if it runs, start it, and wait until that is done. Raises UnitError."""
        await self._carry_out("restart", "RestartUnit", unit, limit_s)

    async def reload_unit(self, unit: str, *, limit_s: float = JOB_S) -> None:
        """Let a unit read its configuration anew (`ExecReload=`), and wait until it has. Raises UnitError."""
        await self._carry_out("reload", "ReloadUnit", unit, limit_s)

    async def kill(self, unit: str, signal_number: int) -> None:
        """Send a signal to every process of a unit, if there are any. Raises UnitError."""
        try:
            await self._call("KillUnit", "ssi", unit, "all", signal_number)
        except BusError as error:
            if error.name != _NOT_LOADED and "No such process" not in error.message:
                raise self._refused("send a signal to", unit, error) from error

    async def pids(self, unit: str) -> set[int]:
        """The processes of a unit, also those that it has left behind when it ended. Raises UnitError."""
        try:
            (rows,) = await self._call("GetUnitProcesses", "s", unit)
        except BusError as error:
            if error.name == _NOT_LOADED:
                return set()
            raise self._refused("look at the processes of", unit, error) from error
        return {pid for _, pid, _ in rows}

    async def reset_failed(self, unit: str) -> None:
        """Forget that a unit has failed, and how often it was started lately. Raises UnitError."""
        try:
            await self._call("ResetFailedUnit", "s", unit)
        except BusError as error:
            if error.name != _NOT_LOADED:
                raise self._refused("reset", unit, error) from error

    async def reload(self, *, limit_s: float = JOB_S) -> None:
        """Let systemd read its units anew (`daemon-reload`). Raises EffectError."""
        try:
            await self._call("Reload", limit_s=limit_s)
        except BusError as error:
            message = f"cannot let systemd read its units anew: {error.message}"
            raise EffectError(message, hint=error.hint or _permission(error)) from error

    async def state(self, unit: str) -> UnitState:
        """How a unit is now; it is read from its files if it is not loaded. Raises UnitError."""
        try:
            return await self._state(object_path(unit))
        except BusError as error:
            raise self._refused("look at", unit, error) from error

    async def up(self, units: Sequence[str]) -> frozenset[str]:
        """Those of the units that run or are about to. Raises EffectError."""
        (rows,) = await self._call("ListUnitsByNames", "as", list(units))
        return frozenset(row[0] for row in rows if row[3] in {"active", "activating", "reloading"})

    async def job_of(self, invocation_id: str) -> str | None:
        """What is asked of the unit that this is an invocation of, such as `restart`. Raises EffectError."""
        (path,) = await self._call("GetUnitByInvocationID", "ay", bytes.fromhex(invocation_id))
        bus = await self._connected()
        number, job = (await bus.properties(path))["Job"]
        return (await bus.properties(job))["JobType"] if number else None

    async def watch(self, unit: str) -> AsyncGenerator[UnitState, None]:
        """The unit as it is now, and again whenever that has changed, for ever; goes on once systemd can be reached."""
        path, changed, last = object_path(unit), asyncio.Event(), None
        self._watching.setdefault(path, []).append(changed)
        try:
            while True:
                changed.clear()
                try:
                    state = await self._state(path)
                except BusError:
                    await asyncio.sleep(_AGAIN_S)
                    continue
                if state != last:
                    yield state
                last = state
                await changed.wait()
        finally:
            self._watching[path].remove(changed)
            if not self._watching[path]:
                del self._watching[path]

    def close(self) -> None:
        """Let go of the connection; the next operation makes another."""
        if self._bus:
            self._bus.close()
            self._bus = None

    # Jobs

    async def _carry_out(self, doing: str, member: str, unit: str, limit_s: float) -> None:
        with self._ends() as ends:
            try:
                (job,) = await self._call(member, "ss", unit, "replace")
            except BusError as error:
                if member == "StopUnit" and error.name == _NOT_LOADED:
                    return
                raise self._refused(doing, unit, error) from error
            try:
                async with asyncio.timeout(limit_s):
                    result = await ends.of(job)
            except TimeoutError:
                message = f"cannot {doing} `{unit}`: systemd has not finished after {limit_s:g} s"
                raise UnitError(message, result="timeout", hint=self._journal(unit)) from None
        if result != "done":
            raise await self._failed(doing, unit, result)

    async def _failed(self, doing: str, unit: str, result: str) -> UnitError:
        if result == "lost":
            return UnitError(f"cannot tell whether systemd could {doing} `{unit}`: the connection was lost")
        state = None
        with contextlib.suppress(UnitError):
            state = await self.state(unit)
        message = f"cannot {doing} `{unit}`: its job ended with `{result}`"
        if state and state.result != "success":
            message += f", the unit with `{state.result}`"
            if state.exec_main_code and state.exec_main_status:
                message += f" (status {state.exec_main_status})"
        return UnitError(message, result=result, state=state, hint=self._journal(unit))

    def _refused(self, doing: str, unit: str, error: BusError) -> UnitError:
        hint = error.hint or _permission(error)
        return UnitError(f"cannot {doing} `{unit}`: {error.message}", hint=hint)

    def _journal(self, unit: str) -> str:
        return f"see `journalctl {'--user ' if self.is_user else ''}--unit={unit}`"

    @contextlib.contextmanager
    def _ends(self) -> Iterator[_Ends]:
        ends = _Ends()
        self._waiting.append(ends)
        try:
            yield ends
        finally:
            self._waiting.remove(ends)

    # The connection

    async def _state(self, path: str) -> UnitState:
        bus = await self._connected()
        return state_of(await bus.properties(path))

    async def _call(self, member: str, signature: str = "", *values: object, limit_s: float = LIMIT_S) -> list[Any]:
        bus = await self._connected()
        return await bus.call(member, signature, *values, limit_s=limit_s)

    async def _connected(self) -> Bus:
        async with self._connecting:
            if self._bus is None or not self._bus.is_open:
                self._bus = await connect(self._place, self._hear, self._lose)
            return self._bus

    def _hear(self, path: str, member: str, values: list[Any]) -> None:
        if member == "JobRemoved":
            _, job, _, result = values
            for ends in self._waiting:
                ends.tell(job, result)
        for changed in self._watching.get(path, ()):
            changed.set()

    def _lose(self) -> None:
        """Nobody tells of anything any more."""
        for ends in self._waiting:
            ends.lose()
        for watching in self._watching.values():
            for changed in watching:
                changed.set()


class _Ends:
    """Results of jobs, from before one is asked for: it may have ended before its name is known."""

    def __init__(self) -> None:
        self._results: dict[str, str] = {}
        self._told = asyncio.Event()
        self._is_lost = False

    def tell(self, job: str, result: str) -> None:
        self._results[job] = result
        self._told.set()

    def lose(self) -> None:
        self._is_lost = True
        self._told.set()

    async def of(self, job: str) -> str:
        while job not in self._results and not self._is_lost:
            self._told.clear()
            await self._told.wait()
        return self._results.get(job, "lost")


def _permission(error: BusError) -> str | None:
    if error.name not in _DENIED:
        return None
    return "run remuda as root or use units of its own user, or allow it `org.freedesktop.systemd1.manage-units`"
