"""Serves the control API on its unix socket."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import uvicorn

from remuda.daemon.control.app import app
from remuda.daemon.control.operation import Control
from remuda.edge import unix_socket
from remuda.errors import EffectError


class _Server(uvicorn.Server):
    """Uvicorn without its signal handlers, for the daemon has its own.

    It is told to end; to look ten times a second whether it should was most of what an idle daemon did.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._is_to_end = asyncio.Event()

    def end(self) -> None:
        self.should_exit = True
        self._is_to_end.set()

    async def main_loop(self) -> None:
        await self.on_tick(0)
        await self._is_to_end.wait()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class _NotTheEnd(logging.Filter):
    """Lets through what uvicorn logs, but not that a daemon that ends takes no leave of its followers."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not (record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError))


_NOT_THE_END = _NotTheEnd()


class ControlServer:
    """Serves the control API on a socket file, from `start` to `close`."""

    def __init__(self, control: Control, path: Path) -> None:
        self._path = path
        config = uvicorn.Config(
            app(control),
            log_config=None,
            access_log=False,
            date_header=False,  # would be made at every tick
            lifespan="off",
            ws="none",
            timeout_graceful_shutdown=1,
        )
        logging.getLogger("uvicorn.error").addFilter(_NOT_THE_END)
        self._server = _Server(config)
        self._listener: socket.socket
        self._task: asyncio.Task[None] | None = None
        self._is_handed_over = False

    def start(self, inherited: int | None = None) -> None:
        """Listen; whoever holds the daemon's lock may replace a socket that a killed daemon left.

        `inherited`: the descriptor that the daemon before us in this process listened at.
        """
        try:
            self._listener = unix_socket.listen(self._path) if inherited is None else socket.socket(fileno=inherited)
        except OSError as error:
            message = f"cannot listen on the control socket `{self._path}`: {error}"
            raise EffectError(message, hint="set `XDG_RUNTIME_DIR` to a directory of yours") from error
        self._task = asyncio.get_running_loop().create_task(self._server.serve(sockets=[self._listener]))

    def hand_over(self) -> int:
        """A descriptor of the socket for the next daemon: who connects from the close of this one on waits for it."""
        self._is_handed_over = True
        # Clients that follow something would hold it up.
        self._server.force_exit = True
        return os.dup(self._listener.fileno())

    async def close(self) -> None:
        """End open requests and, if nobody goes on with it, remove the socket."""
        self._server.end()
        if self._task:
            await self._task
        if not self._is_handed_over:
            self._path.unlink(missing_ok=True)
