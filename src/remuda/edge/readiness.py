"""Waits until an instance can serve, by asking it.

The questions come so fast that readiness is seen within 20 ms, over one connection that is kept: an engine that loads
for minutes is asked thousands of times. What ends the wait besides an answer is the end of the process, and silence:
an engine that writes nothing to its log for its `stall_s` has hung. There is no total limit, because loading takes as
long as the disk is slow. Lines that our own questions make it write are not taken for life.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from remuda.edge.engine_log import Follower
from remuda.edge.http.seam import Endpoint
from remuda.engines.contract import Readiness

STALL_FLOOR_S = 300.0
"""Silence that any engine may need: vLLM compiles its graphs for minutes without a word."""
STALL_BYTES_PER_S = 20 * 2**20
"""The slowest medium that weights are read from: a busy network share."""
_PAUSE_S = 0.01
_ANSWER_TIMEOUT_S = 5.0
_HEAD_MAX_BYTES = 64 * 1024
_BODY_MAX_BYTES = 64 * 1024


class StalledError(Exception):
    """The engine neither answered nor wrote to its log for too long."""


class Ending(Protocol):
    """What runs and may end."""

    @property
    def exited(self) -> asyncio.Future[int | None]:
        """Completes with its end."""
        ...


def stall_s(weights: Path | None) -> float:
    """How long an engine that loads these weights (a file, or a folder of them) may be silent."""
    return STALL_FLOOR_S + (_size_bytes(weights) if weights else 0) / STALL_BYTES_PER_S


def _size_bytes(path: Path) -> int:
    files = (file for file in path.iterdir() if file.is_file()) if path.is_dir() else (path,)
    size_bytes = 0
    with contextlib.suppress(OSError):  # it is no path but a hub ID, or the engine will say what is wrong with it
        size_bytes = sum(file.stat().st_size for file in files)
    return size_bytes


class Watch:
    """Tells whether an engine's log still grows; `told` is given each of its lines."""

    def __init__(self, log: Path, readiness: Readiness, told: Callable[[str], None]) -> None:
        self._follower = Follower(log)
        self._own = readiness.path
        self._told = told
        self._rest = ""

    def moved(self) -> bool:
        """Whether lines have come since the last call that our questions did not cause."""
        text = self._rest + b"".join(self._follower.read()).decode(errors="replace")
        # A bar of progress is redrawn by carriage returns and ends its line only at the end.
        *lines, self._rest = text.replace("\r", "\n").split("\n")
        alive = [line for line in lines if line.strip() and (self._own is None or self._own not in line)]
        for line in alive:
            self._told(line)
        return bool(alive)


async def wait_ready(running: Ending, endpoint: Endpoint, readiness: Readiness, watch: Watch, limit_s: float) -> bool:
    """True once the instance answers, False when its process ended first.

    Raises StalledError after `limit_s` of silence.
    """
    loop = asyncio.get_running_loop()
    last_sign = loop.time()
    question = Question(endpoint, readiness)
    try:
        while not running.exited.done():
            if await question.ask():
                return not running.exited.done()
            if watch.moved():
                last_sign = loop.time()
            elif loop.time() - last_sign > limit_s:
                raise StalledError
            await asyncio.wait((running.exited,), timeout=_PAUSE_S)
    finally:
        question.close()
    return False


async def answers(endpoint: Endpoint, readiness: Readiness) -> bool:
    """Whether the server is ready right now: status 200 on the readiness path, or an accepted connection."""
    question = Question(endpoint, readiness)
    try:
        return await question.ask()
    finally:
        question.close()


class Question:
    """The question whether a server is ready, asked again and again over one connection as long as it lasts."""

    def __init__(self, endpoint: Endpoint, readiness: Readiness, *, timeout_s: float = _ANSWER_TIMEOUT_S) -> None:
        self._endpoint = endpoint
        self._timeout_s = timeout_s
        self._path = readiness.path
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self.answered = False
        """Whether the last question had any answer in HTTP, or a connection where that is all that is asked for."""

    async def ask(self) -> bool:
        """Whether it is ready: status 200 on the readiness path, or an accepted connection where there is none."""
        self.answered = False
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._ask()
        except (OSError, EOFError, ValueError, asyncio.LimitOverrunError):
            self.close()
            return False

    async def _ask(self) -> bool:
        endpoint = self._endpoint
        if self._streams is None:
            context = ssl.create_default_context() if endpoint.tls else None
            self._streams = await asyncio.open_connection(
                endpoint.host, endpoint.port, ssl=context, limit=_HEAD_MAX_BYTES
            )
        if self._path is None:
            self.answered = True
            self.close()
            return True
        reader, writer = self._streams
        writer.write(f"GET {self._path} HTTP/1.1\r\nHost: {endpoint.authority}\r\n\r\n".encode())
        status_line, _, fields = (await reader.readuntil(b"\r\n\r\n")).partition(b"\r\n")
        if not status_line.startswith(b"HTTP/1."):
            self.close()
            return False
        self.answered = True
        await self._pass_body(reader, fields.lower())
        return status_line[9:12] == b"200"

    async def _pass_body(self, reader: asyncio.StreamReader, fields: bytes) -> None:
        """Read past the body, so that the next question can follow; give the connection up if that is not simple."""
        length = next((line[15:] for line in fields.split(b"\r\n") if line.startswith(b"content-length:")), b"")
        size_bytes = int(length) if length.strip().isdigit() else _BODY_MAX_BYTES + 1
        if b"connection: close" in fields or size_bytes > _BODY_MAX_BYTES:
            self.close()
        else:
            await reader.readexactly(size_bytes)

    def close(self) -> None:
        """Give up the connection."""
        if self._streams:
            self._streams[1].close()
            self._streams = None
