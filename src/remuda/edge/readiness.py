"""Waits until an instance can serve, by asking it.

The questions come fast at first (a small model is up in milliseconds) and slow down to a few a second. What ends the
wait besides an answer is the end of the process, and silence: an engine whose log stops growing for `STALL_S` has hung.
There is no total limit, because loading takes as long as the disk is slow.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from pathlib import Path

from remuda.edge.http.seam import Endpoint
from remuda.edge.process import Process
from remuda.engines.contract import Readiness

STALL_S = 600.0
_FIRST_PAUSE_S = 0.005
_LONGEST_PAUSE_S = 0.25
_ANSWER_TIMEOUT_S = 5.0
_HEAD_BYTES = 64


class StalledError(Exception):
    """The engine neither answered nor wrote to its log for too long."""


async def wait_ready(process: Process, endpoint: Endpoint, readiness: Readiness, log: Path) -> bool:
    """True once the instance answers, False when its process ended first. Raises StalledError."""
    loop = asyncio.get_running_loop()
    pause_s = _FIRST_PAUSE_S
    size, changed = -1, loop.time()
    while not process.exited.done():
        if await answers(endpoint, readiness):
            return not process.exited.done()
        if (now_size := _size(log)) != size:
            size, changed = now_size, loop.time()
        elif loop.time() - changed > STALL_S:
            raise StalledError
        await asyncio.wait((process.exited,), timeout=pause_s)
        pause_s = min(pause_s * 1.3, _LONGEST_PAUSE_S)
    return False


async def answers(endpoint: Endpoint, readiness: Readiness) -> bool:
    """Whether the server is ready right now: status 200 on the readiness path, or an accepted connection."""
    with contextlib.suppress(OSError, TimeoutError, ssl.SSLError):
        async with asyncio.timeout(_ANSWER_TIMEOUT_S):
            return await _ask(endpoint, readiness.path)
    return False


async def _ask(endpoint: Endpoint, path: str | None) -> bool:
    context = ssl.create_default_context() if endpoint.tls else None
    reader, writer = await asyncio.open_connection(endpoint.host, endpoint.port, ssl=context)
    try:
        if path is None:
            return True
        request = f"GET {path} HTTP/1.1\r\nHost: {endpoint.authority}\r\nConnection: close\r\n\r\n"
        writer.write(request.encode())
        status_line = await reader.read(_HEAD_BYTES)
        return status_line.startswith(b"HTTP/1.") and status_line[9:12] == b"200"
    finally:
        writer.close()


def _size(log: Path) -> int:
    try:
        return log.stat().st_size
    except FileNotFoundError:
        return 0
