"""A unit that runs: a `Running` of `remuda.daemon.runtimes`.

Its main process is watched through a pidfd like any other engine's, so its end is seen at once; what systemd knows of
that end is asked afterwards. The main process may hand over to another one of the unit, as podman does to the one that
looks after its container, and the unit goes on.

A unit that has ended by itself and that systemd starts again (`Restart=`) is let be: whoever looks after the engines
finds it running then. Processes are counted by the unit's cgroup, and ended through systemd, so that they may belong to
another user than we do.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping
from pathlib import Path

from remuda.edge import ports
from remuda.edge.cgroups import Cgroup, cgroup_named
from remuda.edge.log_copy import LogCopy
from remuda.edge.process import Identity, Process, boot_id
from remuda.edge.process_table import Stat, descendants, processes, stat
from remuda.edge.systemd.service_manager import Manager, UnitError
from remuda.edge.systemd.unit_state import UnitState
from remuda.errors import EffectError

_END_S = 10.0
_AGAIN_S = 1.0
_POLL_S = 0.02


class Unit:
    """One life of a unit, found in this state with a main process."""

    def __init__(self, manager: Manager, state: UnitState, log: LogCopy) -> None:
        self.is_out_of_memory = False
        self.exited: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        self._manager = manager
        self._name = state.name
        self._invocation = state.invocation_id
        self._log = log
        self._seen: dict[int, int] = {}
        self._is_unwanted = False
        self._cgroup: Cgroup | None = None
        self._process = _main_process(state)
        self._watching = asyncio.get_running_loop().create_task(self._watch(), name=f"watching {state.name}")

    @property
    def identity(self) -> Identity:
        """Its main process."""
        return self._process.identity

    def members(self) -> list[int]:
        """The pids of all its live processes, not those of a later life."""
        table = processes()
        if not self.exited.done():
            self._remember(table, self._family())
        return [
            pid
            for pid, started_ticks in self._seen.items()
            if (found := table.get(pid)) and found.started_ticks == started_ticks and not found.is_zombie
        ]

    def _family(self) -> set[int]:
        """Its processes, as far as we can tell while the main one is alive."""
        if self._cgroup is None and self.identity.is_alive:
            self._cgroup = cgroup_named(self.identity.pid, self._name)  # a process enters it soon after its start
        family = self._cgroup.pids() if self._cgroup else set()
        return family | {self.identity.pid} if self.identity.is_alive else family

    def _remember(self, table: Mapping[int, Stat], family: set[int]) -> None:
        """Remember what is of it now; not to be done when systemd may have begun another life of it."""
        family = family | descendants(table, family)
        self._seen.update({pid: table[pid].started_ticks for pid in family & table.keys()})

    def holds(self, port: int) -> bool:
        """Whether the listener is one of its own processes.

        Taken to be so where the kernel does not let us look, and where a network of its own is led there.
        """
        members = self.members()
        return ports.listens(members, port) or not all(map(_is_beside_us, members))

    async def stop(self, signal_number: int, grace_s: float) -> None:
        """Let systemd stop it in the unit's own way for so many seconds, then kill. Raises EffectError."""
        del signal_number
        self._is_unwanted = True
        self.members()
        if grace_s:
            with contextlib.suppress(UnitError):
                await self._manager.stop(self._name, limit_s=grace_s)
        await self.sweep()

    async def sweep(self) -> None:
        """Kill whatever of it is still there, and see that it is gone. Raises EffectError."""
        try:
            if not await self._is_systemds():
                await self._end()
        except EffectError:
            if self.members():
                await asyncio.sleep(_AGAIN_S)  # whoever cannot do without tries again at once
                raise
        await asyncio.wait((self.exited,), timeout=_END_S)
        await self._see_the_last()

    async def _is_systemds(self) -> bool:
        """Whether it has ended by itself and is for systemd to start again."""
        if self._is_unwanted or not self.exited.done():
            return False
        return (await self._manager.state(self._name)).is_up

    async def _end(self) -> None:
        """Whatever it does, it ends now and stays so."""
        was_running = not self.exited.done()
        self._remember(processes(), await self._manager.pids(self._name))
        if self.members():
            await self._manager.kill(self._name, signal.SIGKILL)
        await self._manager.stop(self._name, limit_s=_END_S)
        if was_running:
            await self._manager.reset_failed(self._name)

    async def _see_the_last(self) -> None:
        deadline = asyncio.get_running_loop().time() + _END_S
        while left := self.members():
            if asyncio.get_running_loop().time() > deadline:
                message = f"cannot stop `{self._name}`: {left} still run after SIGKILL"
                raise EffectError(message, hint="look at `ps -o pid,stat,wchan,cmd`: a driver may hold them")
            await asyncio.sleep(_POLL_S)

    def release(self) -> None:
        """Stop watching; the unit goes on."""
        self._watching.cancel()
        self._log.close()
        self._process.release()

    async def _watch(self) -> None:
        while True:
            pid = self.identity.pid
            await asyncio.shield(self._process.exited)
            state = await self._after(pid)
            is_ours = state is not None and state.invocation_id == self._invocation
            if state is None or not is_ours or not state.main_pid:
                break
            self._process = _main_process(state)
        has_last_lines = not self._is_unwanted
        if has_last_lines:  # they say why it has ended
            await self._log.finish()
        self.is_out_of_memory = is_ours and state is not None and state.result == "oom-kill"
        self.exited.set_result(state.exit_status(pid) if is_ours and state is not None else None)
        if not has_last_lines:
            await self._log.finish()

    async def _after(self, pid: int) -> UnitState | None:
        """The unit once systemd has seen the end of its main process too; None when that takes too long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_END_S), contextlib.aclosing(self._manager.watch(self._name)) as states:
                async for state in states:
                    if state.main_pid != pid:
                        return state
        return None


def _main_process(state: UnitState) -> Process:
    pid = state.main_pid or state.exec_main_pid
    found = stat(pid)
    return Process(Identity(pid, found.started_ticks if found else 0, boot_id()), None)


def _is_beside_us(pid: int) -> bool:
    """Whether a process has our network, and we may see what it has open."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/ns/net").readlink() == Path("/proc/self/ns/net").readlink() and os.access(
            f"/proc/{pid}/fd", os.R_OK | os.X_OK
        )
    return False
