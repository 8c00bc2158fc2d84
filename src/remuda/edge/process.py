"""Engines as processes: start one in a session of its own, see it end, stop all of it.

An engine outlives the daemon that started it, so a process is known by its pid *and* the time it started (a pid alone
may be somebody else's by now), and its end is seen through a pidfd, which works for children and for adopted processes
alike; uvloop's own child watching is not involved. Its output goes to a file: a pipe would end with the daemon, and a
grandchild that holds it would hide the end of the engine.

To stop is to signal the group, wait, kill whatever of the engine is still there, and look that nothing is left: engines
fork workers that survive their parent and keep the GPU's memory. What belongs to an engine is told by its session, by
descent, by its cgroup where it has one (`remuda.edge.cgroups`), and for orphans by a mark in their environment.

Not done here: containers, restarts.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from remuda.edge import ports
from remuda.edge.cgroups import Cgroup, cgroup_of
from remuda.edge.process_table import Stat, descendants, processes, stat
from remuda.errors import EffectError

MARK = "REMUDA_ENGINE"
"""The environment variable that every process of an engine inherits."""

_KILL_GRACE_S = 10.0
_POLL_S = 0.02


@dataclass(frozen=True, slots=True)
class Identity:
    """A process for all time: `started_ticks` is its start in clock ticks since the boot of `boot_id`.

    `mark`: what its environment and that of its descendants holds as `REMUDA_ENGINE`; empty for what we did not spawn.
    """

    pid: int
    started_ticks: int
    boot_id: str
    mark: str = ""

    @property
    def is_alive(self) -> bool:
        """Whether this very process still runs; a zombie does not."""
        found = stat(self.pid)
        return (
            found is not None
            and found.started_ticks == self.started_ticks
            and not found.is_zombie
            and self.boot_id == boot_id()
        )


class Process:
    """A running engine. `exited` completes with its return code, or None when it is no child of this process."""

    def __init__(self, identity: Identity, child: subprocess.Popen[bytes] | None, cgroup: Cgroup | None = None) -> None:
        self.identity = identity
        self.is_out_of_memory = False
        self._child = child
        self._cgroup = cgroup
        self._seen: dict[int, int] = {}
        loop = asyncio.get_running_loop()
        self.exited: asyncio.Future[int | None] = loop.create_future()
        self._pidfd = _pidfd_of(identity)
        if self._pidfd is None:
            self._ended()
        else:
            loop.add_reader(self._pidfd, self._ended)

    @property
    def pid(self) -> int:
        """The process id, which is also that of its group and session."""
        return self.identity.pid

    def _ended(self) -> None:
        self._unwatch()
        if self._child and self._cgroup is None:
            self._cgroup = cgroup_of(self.pid)  # until we wait for it, the number is nobody else's
        self.is_out_of_memory = self._cgroup is not None and self._cgroup.is_out_of_memory
        returncode = self._child.wait() if self._child else _status_of_child(self.pid)
        if not self.exited.done():
            self.exited.set_result(returncode)

    def release(self) -> None:
        """Stop watching; the process goes on."""
        self._unwatch()
        if self._child:
            self._child.returncode = 0  # otherwise it would be reported that nobody waits for it

    def _unwatch(self) -> None:
        if self._pidfd is not None:
            asyncio.get_running_loop().remove_reader(self._pidfd)
            os.close(self._pidfd)
            self._pidfd = None

    def members(self) -> list[int]:
        """Every live process of the engine: its session and cgroup, descendants that left them, and marked orphans."""
        table = processes()
        if self._cgroup is None and self.identity.is_alive:
            self._cgroup = cgroup_of(self.pid)  # a program in a scope enters it only after its start
        family = (
            set() if self._pid_is_reused(table) else {pid for pid, found in table.items() if found.session == self.pid}
        )
        family |= table.keys() & (self._cgroup.pids() if self._cgroup else ())
        family.update(_marked_orphans(table, self.identity.mark))
        family |= descendants(table, family)
        self._seen.update({pid: table[pid].started_ticks for pid in family})
        return [
            pid
            for pid, started_ticks in self._seen.items()
            if (found := table.get(pid)) and found.started_ticks == started_ticks and not found.is_zombie
        ]

    def holds(self, port: int) -> bool:
        """Whether who listens on the port is one of the engine's own processes."""
        return ports.listens(self.members(), port)

    def _pid_is_reused(self, table: Mapping[int, Stat]) -> bool:
        """The kernel gives a pid away only once no session bears it: then nothing of ours is left under it."""
        leader = table.get(self.pid)
        return leader is not None and leader.started_ticks != self.identity.started_ticks

    async def stop(self, signal_number: int, grace_s: float) -> None:
        """End the engine: its signal, `grace_s` seconds, then SIGKILL, until nothing of it is left.

        Raises EffectError when something survives even that (a process stuck in the kernel).
        """
        self.members()
        self._signal_group(signal_number)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self.exited), grace_s)
        await self.sweep()

    async def sweep(self) -> None:
        """Kill whatever of the engine is still there, and see that it is gone."""
        deadline = asyncio.get_running_loop().time() + _KILL_GRACE_S
        while left := self.members():
            if self._cgroup:
                self._cgroup.kill()
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            if asyncio.get_running_loop().time() > deadline:
                message = f"cannot stop the engine with pid {self.pid}: {left} still run after SIGKILL"
                raise EffectError(message, hint="look at `ps -o pid,stat,wchan,cmd`: a driver may hold them")
            await asyncio.sleep(_POLL_S)
        await asyncio.shield(self.exited)
        if self._cgroup:
            self._cgroup.remove()

    def _signal_group(self, signal_number: int) -> None:
        if self.identity.is_alive:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal_number)


def spawn(
    argv: Sequence[str],
    *,
    environment: Mapping[str, str],
    directory: Path,
    log: Path,
    cgroup: Cgroup | None = None,
) -> Process:
    """Start a program in a session of its own, and in the cgroup if there is one; its output is appended to `log`.

    Raises EffectError when it cannot be executed.
    """
    mark = secrets.token_hex(8)
    try:
        output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        message = f"cannot write the log `{log}`: {error.strerror}"
        raise EffectError(message) from error
    try:
        child = subprocess.Popen(  # noqa: S603  an argv from the user's own fleet file, no shell
            argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**environment, MARK: mark},
            cwd=directory,
            start_new_session=True,
        )
    except OSError as error:
        if cgroup:
            cgroup.remove()
        message = f"cannot execute `{argv[0]}`: {error.strerror}"
        raise EffectError(message, hint="give the program's full path, and see that it is executable") from error
    finally:
        os.close(output)
    if cgroup:
        # Not from within the child: code between fork and exec can deadlock in a program with threads. What the child
        # has forked by now is moved too.
        cgroup.add(child.pid)
        for pid in descendants(processes(), {child.pid}):
            cgroup.add(pid)
    found = stat(child.pid)
    started_ticks = found.started_ticks if found else 0
    return Process(Identity(child.pid, started_ticks, boot_id(), mark), child, cgroup)


def adopt(identity: Identity) -> Process | None:
    """Take over a process that an earlier daemon started; None when it no longer runs."""
    return Process(identity, None, cgroup_of(identity.pid)) if identity.is_alive else None


async def end_leftovers(identity: Identity) -> None:
    """End what a process left behind that no longer runs itself. Raises EffectError when something survives."""
    if identity.boot_id == boot_id():
        await Process(identity, None).sweep()


def _pidfd_of(identity: Identity) -> int | None:
    """A descriptor of this very process; None when it has ended, whoever has its number now."""
    try:
        pidfd = os.pidfd_open(identity.pid)
    except ProcessLookupError:
        return None
    # Looked at in this order, it cannot have ended and its number be given away in between.
    if not identity.is_alive:
        os.close(pidfd)
        return None
    return pidfd


def _status_of_child(pid: int) -> int | None:
    """The exit status of a process that ended; None unless the program before us in this process has started it."""
    try:
        ended, status = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return None
    return os.waitstatus_to_exitcode(status) if ended else None


def boot_id() -> str:
    """What distinguishes this boot of the machine from every other."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def _marked_orphans(table: Mapping[int, Stat], mark: str) -> Iterable[int]:
    """Processes with the mark whose parent has ended, so that descent does not tell whose they are."""
    if not mark:
        return
    wanted = f"{MARK}={mark}".encode()
    for pid, found in table.items():
        if found.parent in {1, os.getpid()}:
            with contextlib.suppress(OSError):  # it has ended, or belongs to somebody else
                if wanted in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
                    yield pid
