"""Remuda as a program that Remuda runs: in the background, or in its own place."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from remuda.edge.notice import READY, Notices
from remuda.edge.waiting import Pidfd, first_of
from remuda.errors import EffectError, RemudaError, SpecError, UnsatisfiableError

_REHEARSAL_S = 60.0
_KINDS: Mapping[int, type[RemudaError]] = {kind.exit_code: kind for kind in (SpecError, UnsatisfiableError)}


def argv(*words: str) -> list[str]:
    """Our command line with this verb and these options, by the interpreter that runs us, as it is installed now."""
    return [sys.executable, "-P", "-m", "remuda", *words]


def program() -> Path:
    """The program `remuda` that runs, or that beside the interpreter where another one began."""
    begun = Path(sys.argv[0]).absolute()
    return begun if begun.name == "remuda" and begun.is_file() else Path(sys.executable).parent / "remuda"


async def rehearse(words: list[str], environment: Mapping[str, str]) -> Any:
    """The JSON that our command line prints; raises RemudaError of its kind with what it says if it fails.

    It is another process, so it knows what was installed since this one began.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *argv(*words),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=dict(environment),
        )
    except OSError as error:
        raise EffectError(f"cannot execute `{sys.executable}`: {error.strerror}") from error
    try:
        async with asyncio.timeout(_REHEARSAL_S):
            out, said = await process.communicate()
    except TimeoutError:
        raise EffectError(f"`remuda {words[0]}` did not end within {_REHEARSAL_S:.0f} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        kind = _KINDS.get(process.returncode, EffectError)
        why = said.decode(errors="replace").strip() or f"`remuda {words[0]}` ended with {process.returncode}"
        raise kind(f"a fresh daemon could not begin, so everything stays as it is\n{why}")
    return json.loads(out)


class Background:
    """Our command line as a process without a terminal, which goes on without us; its output is appended to `log`."""

    def __init__(self, words: list[str], environment: Mapping[str, str], log: Path) -> None:
        """Start it; raises EffectError when its log cannot be written."""
        self._log = log
        self._notices = Notices()
        output = str(log), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600
        try:
            self._begin = log.stat().st_size if log.exists() else 0
            self.pid = os.posix_spawn(
                sys.executable,
                argv(*words),
                {**environment, "NOTIFY_SOCKET": self._notices.address},
                file_actions=[
                    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                    (os.POSIX_SPAWN_OPEN, 1, *output),
                    (os.POSIX_SPAWN_DUP2, 1, 2),
                ],
                setsid=True,
                setsigmask=[],
            )
        except OSError as error:
            self._notices.close()
            raise EffectError(f"cannot start the daemon with its log `{log}`: {error.strerror}") from error
        self._pidfd = Pidfd(self.pid)

    def wait_until_ready(self, limit_s: float) -> int | None:
        """Wait until it says that it serves, or ends before: then its exit status. Raises TimeoutError."""
        while first_of((self._notices, self._pidfd), limit_s) is self._notices:
            if READY in self._notices.read():
                return None
        _, status = os.waitpid(self.pid, 0)
        return os.waitstatus_to_exitcode(status)

    def said(self) -> str:
        """What it has written to its log."""
        with self._log.open("rb") as file:
            file.seek(self._begin)
            return file.read().decode(errors="replace")

    def end(self) -> None:
        """End it after all."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)

    def close(self) -> None:
        """Let it go on."""
        self._notices.close()
        self._pidfd.close()
