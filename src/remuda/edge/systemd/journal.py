"""What a unit has written, from the journal, to which systemd sends the output of units.

It is read through `journalctl`: the journal's files are for its library to read, and it knows what a user may see. Not
asked for is a file that the unit writes to beside or instead: whoever looks after the machine expects the journal, its
bounds and its rights, and an engine that logs to a file of ours could not be run without us.

Lines are asked for by the unit, those of systemd about it among them, and by the main process: what a user's unit
writes in its first moments journald may ascribe to the manager, as the process is not in its cgroup yet.

The user needs the right to read it: that of the system, only root and the group `systemd-journal` have. What
`journalctl` says of that is let into the log, once.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from datetime import datetime

from remuda.edge.systemd.unit_state import UnitState
from remuda.errors import EffectError

_LAST_S = 2.0
_AGAIN_S = 0.25
"""So often journald tells of what it has been told."""


class Journal:
    """The output of units of the user's manager, or the system's, since a time in seconds since 1970.

    `pid`: the unit's main process at that time.
    """

    ends_with_engine = False

    def __init__(self, environment: Mapping[str, str], *, is_user: bool, began_s: float, pid: int) -> None:
        self._environment = environment
        self._is_user = is_user
        self._pid = pid
        self._began = f"@{began_s:.6f}"
        self._has_complained = False

    async def follow(self, name: str, since: str | None) -> asyncio.subprocess.Process:
        """Start a program that writes what the unit has written, and then what it writes. Raises EffectError."""
        began = f"@{datetime.fromisoformat(since).timestamp():.6f}" if since else self._began
        words = ("--output=cat", "--follow", "--lines=all", f"--since={began}", *self._matches(name))
        complaints = asyncio.subprocess.DEVNULL if self._has_complained else asyncio.subprocess.STDOUT
        self._has_complained = True
        try:
            return await asyncio.create_subprocess_exec(
                "journalctl",
                *words,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=complaints,
                env=dict(self._environment),
                start_new_session=True,
            )
        except OSError as problem:
            message = f"cannot execute `journalctl`: {problem.strerror}"
            raise EffectError(message, hint="install systemd's journal") from problem

    def _matches(self, name: str) -> tuple[str, ...]:
        """Alternatives, parted by `+`; a field without the `_` is what a program says, so who says it is named too."""
        if self._is_user:
            ours = f"_UID={os.getuid()}"
            return (f"_SYSTEMD_USER_UNIT={name}", ours, "+", f"USER_UNIT={name}", ours, "+", f"_PID={self._pid}")
        return (f"_SYSTEMD_UNIT={name}", "+", f"UNIT={name}", "_PID=1", "+", f"_PID={self._pid}")


async def last_lines(environment: Mapping[str, str], state: UnitState, count: int) -> tuple[str, ...]:
    """The last lines of what ran in a unit, once there are some and no more come; none where they cannot be read."""
    pid = state.main_pid or state.exec_main_pid
    words = ("--quiet", f"--since=@{state.began_s:.6f}", f"--lines={count}")
    matches = (f"_SYSTEMD_INVOCATION_ID={state.invocation_id}", "+", f"_PID={pid}")
    lines: tuple[str, ...] = ()
    loop = asyncio.get_running_loop()
    deadline_s = loop.time() + _LAST_S
    while True:
        found = await _read((*words, *matches), environment)
        if (found and found == lines) or loop.time() > deadline_s:
            return found
        lines = found
        await asyncio.sleep(_AGAIN_S)


async def _read(words: tuple[str, ...], environment: Mapping[str, str]) -> tuple[str, ...]:
    try:
        reader = await asyncio.create_subprocess_exec(
            "journalctl",
            "--output=cat",
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=dict(environment),
        )
    except OSError:
        return ()
    said, _ = await reader.communicate()
    return tuple(said.decode(errors="replace").splitlines())
