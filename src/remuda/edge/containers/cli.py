"""Runs podman or docker and reads their answers.

The output of a command goes to files, not pipes: what podman leaves behind (conmon) may hold a pipe open for as long as
its container lives. A command that does not end in time is killed; the only one without a limit is a pull.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
import signal
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from remuda.edge import engine_log
from remuda.edge.containers import argv
from remuda.edge.containers.argv import TOOLS, Argv, Creation, Tool
from remuda.edge.containers.complaint import ContainerError, complaint
from remuda.edge.containers.state import State, parse
from remuda.engines.contract import FailureKind
from remuda.errors import EffectError, UnsatisfiableError

_LIMIT_S = 60.0
_PATIENCE_S = 5.0
_REMOVAL_S = 20.0
_POLL_S = 0.05
_ABSENT = re.compile(r"no such (container|object)|no container with", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    out: str
    error: str


def find(name: str, environment: Mapping[str, str]) -> Cli:
    """The program of this runtime, whether it is installed or not: then every command of it fails, saying so."""
    return Cli(TOOLS[name], shutil.which(name, path=environment.get("PATH")) or name, environment)


def require(name: str, environment: Mapping[str, str]) -> None:
    """Refuse a runtime whose program is not installed. Raises UnsatisfiableError."""
    if shutil.which(name, path=environment.get("PATH")) is None:
        message = f"cannot run containers: `{name}` is not installed"
        raise UnsatisfiableError(message, hint=f"install {name}, or set another `runtime`")


class Cli:
    """One of the two programs, at `path`; `environment` is what it runs in."""

    ends_with_engine = True

    def __init__(self, tool: Tool, path: str, environment: Mapping[str, str]) -> None:
        self.tool = tool
        self.path = path
        self.environment = dict(environment)

    async def has_image(self, image: str) -> bool:
        """Whether the image is on this machine."""
        return (await self._ask(argv.has_image(image))).status == 0

    async def pull(self, image: str, log: Path) -> None:
        """Get an image, however long it takes; its progress goes to the log. Raises EffectError."""
        with log.open("ab") as output:
            process = await self._spawn(argv.pull(image), output.fileno(), output.fileno())
            status = await _ended(process, 0)
        if status:
            raise complaint(f"cannot pull `{image}`", "\n".join(engine_log.tail(log, 5)))

    async def create(self, creation: Creation) -> None:
        """Create a container."""
        await self._do(f"cannot create the container `{creation.contained.name}`", argv.create(self.tool, creation))

    async def start(self, name: str) -> None:
        """Start a container that was created."""
        await self._do(f"cannot start the container `{name}`", argv.start(name))

    async def signal(self, name: str, signal_number: int) -> None:
        """Send a signal to the container's first process; one that has ended needs none."""
        await self._ask(argv.kill(name, signal_number))

    async def inspect(self, name: str) -> State | None:
        """The container by this name or ID; None when there is none."""
        answer = await self._ask(argv.inspect(name))
        if answer.status and _ABSENT.search(answer.error):
            return None
        if answer.status:
            raise complaint(f"cannot look at the container `{name}`", answer.error)
        return next(iter(parse(answer.out)), None)

    async def find(self, labels: Mapping[str, str]) -> list[State]:
        """All containers with these labels."""
        ids = (await self._do(f"cannot list the containers of {self.tool.name}", argv.find(labels))).split()
        found = [await self.inspect(container) for container in ids]
        return [state for state in found if state is not None]

    async def remove(self, name: str, *, has_ended: bool = False) -> None:
        """Remove a container, killed unless it has ended, and see that its name is free again. Raises EffectError."""
        deadline = asyncio.get_running_loop().time() + _REMOVAL_S
        if not has_ended:
            await self.signal(name, signal.SIGKILL)
        while True:
            answer = await self._ask(argv.remove(name))
            if await self.inspect(name) is None:
                return
            if asyncio.get_running_loop().time() > deadline:
                raise complaint(f"cannot remove the container `{name}`", answer.error)
            await asyncio.sleep(_POLL_S)

    async def follow(self, name: str, since: str | None) -> asyncio.subprocess.Process:
        """Start `logs --follow`, with everything that it says on its standard output."""
        return await self._spawn(argv.logs(name, since), asyncio.subprocess.PIPE, asyncio.subprocess.STDOUT)

    async def _do(self, doing: str, words: Argv) -> str:
        answer = await self._ask(words)
        if answer.status:
            raise complaint(doing, answer.error)
        return answer.out

    async def _ask(self, words: Argv) -> _Answer:
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as error:
            process = await self._spawn(words, out.fileno(), error.fileno())
            try:
                async with asyncio.timeout(_LIMIT_S):
                    status = await _ended(process, _PATIENCE_S)
            except TimeoutError:
                message = f"`{self.tool.name} {words[0]}` did not end within {_LIMIT_S:.0f} s"
                raise ContainerError(message, kind=FailureKind.STALLED) from None
            out.seek(0)
            error.seek(0)
            return _Answer(status, out.read().decode(errors="replace"), error.read().decode(errors="replace"))

    async def _spawn(self, words: Argv, out: int, error: int) -> asyncio.subprocess.Process:
        try:
            return await asyncio.create_subprocess_exec(
                self.path,
                *words,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out,
                stderr=error,
                env=self.environment,
                start_new_session=True,
            )
        except OSError as problem:
            message = f"cannot execute `{self.path}`: {problem.strerror}"
            raise EffectError(message, hint=f"install {self.tool.name}, or set another `runtime`") from problem


async def _ended(process: asyncio.subprocess.Process, patience_s: float) -> int:
    """The exit status of a command, which gets so long to end once nobody waits for it, and is killed then.

    A podman that is killed while it creates a container can leave the name taken in its storage.
    """
    try:
        return await process.wait()
    except asyncio.CancelledError:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), patience_s)
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        raise
