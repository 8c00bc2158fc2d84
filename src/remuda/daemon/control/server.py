"""Serves the control API on its unix socket."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path

import uvicorn

from remuda.daemon.control.app import app
from remuda.daemon.control.operation import Control
from remuda.edge import unix_socket
from remuda.errors import EffectError


class _Server(uvicorn.Server):
    """Uvicorn without its signal handlers: the daemon has its own."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class ControlServer:
    """Serves the control API on a socket file, from `start` to `close`."""

    def __init__(self, control: Control, path: Path) -> None:
        self._path = path
        config = uvicorn.Config(
            app(control),
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            timeout_graceful_shutdown=1,
        )
        self._server = _Server(config)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Listen; whoever holds the daemon's lock may replace a socket that a killed daemon left."""
        try:
            listener = unix_socket.listen(self._path)
        except OSError as error:
            message = f"cannot listen on the control socket `{self._path}`: {error}"
            raise EffectError(message, hint="set `XDG_RUNTIME_DIR` to a directory of yours") from error
        self._task = asyncio.get_running_loop().create_task(self._server.serve(sockets=[listener]))

    async def close(self) -> None:
        """End open requests and remove the socket."""
        self._server.should_exit = True
        if self._task:
            await self._task
        self._path.unlink(missing_ok=True)
