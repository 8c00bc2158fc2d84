"""Engines as processes: start one in a session of its own, see it end, stop all of it.

An engine outlives the daemon that started it, so a process is known by its pid *and* the time it started (a pid alone
may be somebody else's by now), and its end is seen through a pidfd, which works for children and for adopted processes
alike; uvloop's own child watching is not involved. Its output goes to a file: a pipe would end with the daemon, and a
grandchild that holds it would hide the end of the engine.

To stop is to signal the group, wait, kill the group and every descendant that was seen, and look that none is left:
engines fork workers that survive their parent and keep the GPU's memory.

Not done here: cgroups, containers, restarts.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from remuda.errors import EffectError

_KILL_GRACE_S = 10.0
_POLL_S = 0.02


@dataclass(frozen=True, slots=True)
class Identity:
    """A process for all time: `started_ticks` is its start in clock ticks since the boot of `boot_id`."""

    pid: int
    started_ticks: int
    boot_id: str

    @property
    def is_alive(self) -> bool:
        """Whether this very process still runs; a zombie does not."""
        found = _stat(self.pid)
        return (
            found is not None
            and found.started_ticks == self.started_ticks
            and not found.is_zombie
            and self.boot_id == boot_id()
        )


class Process:
    """A running engine. `exited` completes with its return code, or None when it was not our child."""

    def __init__(self, identity: Identity, child: subprocess.Popen[bytes] | None) -> None:
        self.identity = identity
        self._child = child
        self._seen: dict[int, int] = {}
        loop = asyncio.get_running_loop()
        self.exited: asyncio.Future[int | None] = loop.create_future()
        try:
            self._pidfd: int | None = os.pidfd_open(identity.pid)
        except ProcessLookupError:
            self._pidfd = None
            self._ended()
        else:
            loop.add_reader(self._pidfd, self._ended)

    @property
    def pid(self) -> int:
        """The process id, which is also that of its group and session."""
        return self.identity.pid

    def _ended(self) -> None:
        self.release()
        returncode = self._child.wait() if self._child else None
        if not self.exited.done():
            self.exited.set_result(returncode)

    def release(self) -> None:
        """Stop watching; the process goes on."""
        if self._pidfd is not None:
            asyncio.get_running_loop().remove_reader(self._pidfd)
            os.close(self._pidfd)
            self._pidfd = None

    def members(self) -> list[int]:
        """Every live process of the engine: its session, and descendants that left the session."""
        table = _process_table()
        family = (
            set() if self._pid_is_reused(table) else {pid for pid, found in table.items() if found.session == self.pid}
        )
        family |= _descendants(table, family)
        self._seen.update({pid: table[pid].started_ticks for pid in family})
        return [
            pid
            for pid, started_ticks in self._seen.items()
            if (found := table.get(pid)) and found.started_ticks == started_ticks and not found.is_zombie
        ]

    def _pid_is_reused(self, table: Mapping[int, _Stat]) -> bool:
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
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            if asyncio.get_running_loop().time() > deadline:
                message = f"cannot stop the engine with pid {self.pid}: {left} still run after SIGKILL"
                raise EffectError(message, hint="look at `ps -o pid,stat,wchan,cmd`: a driver may hold them")
            await asyncio.sleep(_POLL_S)
        await asyncio.shield(self.exited)

    def _signal_group(self, signal_number: int) -> None:
        if self.identity.is_alive:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal_number)


def spawn(argv: Sequence[str], *, environment: Mapping[str, str], directory: Path, log: Path) -> Process:
    """Start a program in a session of its own, its output appended to `log`.

    Raises EffectError when it cannot be executed.
    """
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
            env=dict(environment),
            cwd=directory,
            start_new_session=True,
        )
    except OSError as error:
        message = f"cannot execute `{argv[0]}`: {error.strerror}"
        raise EffectError(message, hint="give the program's full path, and see that it is executable") from error
    finally:
        os.close(output)
    found = _stat(child.pid)
    started_ticks = found.started_ticks if found else 0
    return Process(Identity(child.pid, started_ticks, boot_id()), child)


def adopt(identity: Identity) -> Process | None:
    """Take over a process that an earlier daemon started; None when it no longer runs."""
    return Process(identity, None) if identity.is_alive else None


def boot_id() -> str:
    """What distinguishes this boot of the machine from every other."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


@dataclass(frozen=True, slots=True)
class _Stat:
    parent: int
    session: int
    started_ticks: int
    is_zombie: bool


def _stat(pid: int) -> _Stat | None:
    """The fields of /proc/PID/stat that matter here (proc(5)); the command in it may hold spaces and parentheses."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = text[text.rindex(")") + 2 :].split()
    return _Stat(
        parent=int(fields[1]), session=int(fields[3]), started_ticks=int(fields[19]), is_zombie=fields[0] in "ZX"
    )


def _process_table() -> dict[int, _Stat]:
    pids = (int(entry.name) for entry in os.scandir("/proc") if entry.name.isdigit())
    return {pid: found for pid in pids if (found := _stat(pid)) is not None}


def _descendants(table: Mapping[int, _Stat], roots: set[int]) -> set[int]:
    children: dict[int, list[int]] = {}
    for pid, found in table.items():
        children.setdefault(found.parent, []).append(pid)
    family: set[int] = set()
    queue = list(roots)
    while queue:
        for pid in children.get(queue.pop(), ()):
            if pid not in family:
                family.add(pid)
                queue.append(pid)
    return family
