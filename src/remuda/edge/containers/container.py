"""A running container: a `Running` of `remuda.daemon.runtimes`.

Its first process is watched through a pidfd like any other engine's, so its end is seen at once and no client that
hangs can hide it; what the container program knows of that end is asked afterwards, before the container is removed.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from pathlib import Path

from remuda.edge import ports
from remuda.edge.containers.cli import Cli
from remuda.edge.containers.complaint import ContainerError
from remuda.edge.containers.state import State
from remuda.edge.log_copy import LogCopy
from remuda.edge.process import Identity, Process, boot_id
from remuda.edge.process_table import stat
from remuda.errors import EffectError

_END_S = 20.0
_POLL_S = 0.02


class Container:
    """One container, as it was found after its start. Raises ContainerError when its process is not to be seen."""

    def __init__(self, cli: Cli, state: State, log: Path, *, resume: bool = False) -> None:
        self.identity = identity(state)
        self.is_out_of_memory = False
        self.exited: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        self._cli = cli
        self._id = state.id
        self._is_on_host_network = state.is_on_host_network
        self._process = Process(self.identity, None) if state.pid else None
        self._log = LogCopy(cli, state.id, log, resume=resume)
        self._watching = asyncio.get_running_loop().create_task(self._watch(), name=f"watching container {state.id}")

    def members(self) -> list[int]:
        """The pids of all its live processes."""
        return self._process.members() if self._process else []

    def holds(self, port: int) -> bool:
        """Whether the listener is one of its own processes; a published port is, or the container had not started.

        Taken to be so where the kernel does not let us look.
        """
        if not self._is_on_host_network:
            return True
        members = self.members()
        return ports.listens(members, port) or not all(map(_can_look, members))

    async def stop(self, signal_number: int, grace_s: float) -> None:
        """Send the signal, wait for so many seconds, kill and remove. Raises EffectError."""
        if grace_s and not self.exited.done():
            self.members()
            await self._cli.signal(self._id, signal_number)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(self.exited), grace_s)
        await self.sweep()

    async def sweep(self) -> None:
        """Kill and remove it, and see that its name is free and nothing of it runs. Raises EffectError."""
        self.members()
        if not self.exited.done():
            await self._cli.signal(self._id, signal.SIGKILL)
            await asyncio.wait((self._watching,), timeout=_END_S)
        await self._cli.remove(self._id, has_ended=self.exited.done())
        if self._process:
            await self._process.sweep()

    def release(self) -> None:
        """Stop watching; the container goes on."""
        self._watching.cancel()
        self._log.close()
        if self._process:
            self._process.release()

    async def _watch(self) -> None:
        if self._process:
            await asyncio.shield(self._process.exited)
        state = await self._end_state()
        await self._log.finish()
        self.is_out_of_memory = state is not None and state.is_out_of_memory
        self.exited.set_result(state.exit_code if state else None)

    async def _end_state(self) -> State | None:
        """What is known of its end; the program may need a moment to notice. None when it was removed meanwhile."""
        with contextlib.suppress(TimeoutError, EffectError):
            async with asyncio.timeout(_END_S):
                while True:
                    state = await self._cli.inspect(self._id)
                    if state is None or not state.pid:
                        return state
                    await asyncio.sleep(_POLL_S)
        return None


def identity(state: State) -> Identity:
    """The first process of a container; not alive when that has ended. Raises ContainerError when it is not to be seen.

    It must be PID 1 of a PID namespace below ours: what has its number in another one would be a stranger.
    """
    namespaces = _pids(state.pid) if state.pid else []
    if namespaces and (len(namespaces) == 1 or namespaces[-1] != "1"):
        message = f"cannot see the process of a container: pid {state.pid} is another one here"
        raise ContainerError(message, hint="run remuda in the PID namespace that the container program runs in")
    found = stat(state.pid) if namespaces else None
    return Identity(state.pid, found.started_ticks if found else 0, boot_id())


def _pids(pid: int) -> list[str]:
    """The process's number in each PID namespace, ours first (proc(5)); empty when it has ended."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return next((line.split()[1:] for line in text.splitlines() if line.startswith("NSpid:")), [])


def _can_look(pid: int) -> bool:
    """Whether we may see what a process has open; not that of another user."""
    return os.access(f"/proc/{pid}/fd", os.R_OK | os.X_OK)
