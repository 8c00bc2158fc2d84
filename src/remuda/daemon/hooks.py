"""Runs a model's hooks: the user's own programs around an instance's life, each for a bounded time.

A hook has an environment like the engine's, and `REMUDA_MODEL` and `REMUDA_HOOK` in it. What it leaves running in the
background is its own business; a hook that takes too long is ended with all that it has started.
"""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

from remuda.daemon.launcher import Launcher
from remuda.edge import process
from remuda.edge.paths import Places
from remuda.engines.failure import LINE_CHARACTERS, TAIL_LINES
from remuda.errors import EffectError
from remuda.plan.plan import Instance


class HookError(Exception):
    """A hook failed; `output` is the end of what it wrote."""

    def __init__(self, message: str, output: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.output = output


class Hooks:
    """The hooks of one fleet file's models."""

    def __init__(self, launcher: Launcher, places: Places) -> None:
        self._launcher = launcher
        self._places = places

    async def run(self, name: str, instance: Instance, port: int | None = None) -> None:
        """Run a hook of the instance, if it has one of this name, to its end. Raises HookError."""
        words = instance.care.hooks.get(name)
        if words is None:
            return
        where = f"hook `{name}` of `{instance.model_id}`"
        try:
            self._log(instance, name).unlink(missing_ok=True)
            running = self._spawn(name, instance, words, port)
        except EffectError as error:
            raise HookError(f"{where}: {error.message}") from error
        try:
            async with asyncio.timeout(instance.care.hook_timeout_s):
                status = await asyncio.shield(running.exited)
        except TimeoutError:
            await running.stop(signal.SIGKILL, 0)
            message = f"{where} was ended after {instance.care.hook_timeout_s:g} s"
            raise HookError(message, self._output(instance, name)) from None
        except asyncio.CancelledError:
            await asyncio.shield(running.stop(signal.SIGKILL, 0))
            raise
        if status:
            output = self._output(instance, name)
            said = f": {output[-1]}" if output else ""
            raise HookError(f"{where} failed with status {status}{said}", output)

    def _spawn(self, name: str, instance: Instance, words: tuple[str, ...], port: int | None) -> process.Process:
        resolver = self._launcher.resolver(instance.model_id, port)
        own = {"REMUDA_MODEL": instance.model_id, "REMUDA_HOOK": name}
        return process.spawn(
            [resolver.text(word) for word in words],
            environment={**self._launcher.environment, **instance.visible, **own},
            directory=self._launcher.directory,
            log=self._log(instance, name),
        )

    def _log(self, instance: Instance, name: str) -> Path:
        return self._places.log(instance.model_id).with_suffix(f".{name}")

    def _output(self, instance: Instance, name: str) -> tuple[str, ...]:
        lines = self._launcher.secrets.tail(instance, self._log(instance, name), TAIL_LINES)
        return tuple(line.rstrip()[:LINE_CHARACTERS] for line in lines)
