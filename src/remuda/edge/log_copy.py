"""Copies the output of an engine that somebody else collects to its log, for as long as it runs.

That is a container's, which its program keeps, or a unit's, which goes to the journal.

The copy passes through the daemon, so that nothing writes to the log once the daemon is gone; the next one asks for
what came meanwhile, by the time of the log's last change. The end of the output is not the end of the engine:
whoever needs the last lines waits for them a bounded time.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from remuda.errors import EffectError

_CHUNK_BYTES = 64 * 1024
_LAST_LINES_S = 5.0
_BEGIN_S = 1.5
"""Whoever has just begun to follow writes its first line by then, if there is one."""

_QUIET_S = 0.5
"""After so long without a line, an engine that has ended has no more: journald tells of new ones every 250 ms."""

_AGAIN_S = 1.0
_TICK_S = 0.01
"""Times of files are as coarse as the kernel's tick: 10 ms at most."""


class Source(Protocol):
    """Who collects the output; `ends_with_engine`: whether the program that writes it does."""

    ends_with_engine: bool

    async def follow(self, name: str, since: str | None) -> asyncio.subprocess.Process:
        """Start a program that writes what comes, after a time in ISO 8601 if one is given, to its standard output.

        Raises EffectError.
        """
        ...


class LogCopy:
    """The output of one container or unit, from its start or from where the log ends."""

    def __init__(self, source: Source, name: str, log: Path, *, resume: bool = False) -> None:
        self._source = source
        self._name = name
        self._log = log
        self._since = _last_change(log) if resume else None
        self._end = asyncio.Event()
        self._grew = asyncio.Event()
        self._task = asyncio.get_running_loop().create_task(self._copy(), name=f"copying the output of {name}")

    async def finish(self) -> None:
        """The engine has ended: wait for its last lines, not for ever."""
        self._end.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_LINES_S):
                await (asyncio.wait((self._task,)) if self._source.ends_with_engine else self._is_quiet())
        self.close()
        await asyncio.wait((self._task,))

    async def _is_quiet(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_BEGIN_S):
                await self._grew.wait()
            while True:
                self._grew.clear()
                async with asyncio.timeout(_QUIET_S):
                    await self._grew.wait()

    def close(self) -> None:
        """Copy no more."""
        self._task.cancel()

    async def _copy(self) -> None:
        while True:
            with contextlib.suppress(EffectError):
                await self._follow()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._end.wait(), _AGAIN_S)
                return
            # The docker daemon ends every follower when it is restarted; the container goes on.
            self._since = _last_change(self._log)

    async def _follow(self) -> None:
        follower = await self._source.follow(self._name, self._since)
        try:
            await self._pump(follower)
        finally:
            with contextlib.suppress(ProcessLookupError):
                follower.kill()
            await follower.wait()

    async def _pump(self, follower: asyncio.subprocess.Process) -> None:
        assert follower.stdout is not None  # noqa: S101  it was started with a pipe
        descriptor = os.open(self._log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            while chunk := await follower.stdout.read(_CHUNK_BYTES):
                self._grew.set()
                with contextlib.suppress(OSError):  # a full disk costs lines, not the engine
                    os.write(descriptor, chunk)
        finally:
            os.close(descriptor)


def _last_change(log: Path) -> str | None:
    try:
        return datetime.fromtimestamp(log.stat().st_mtime + _TICK_S, UTC).isoformat()
    except FileNotFoundError:
        return None
