"""Compose as a manager of one unit: the project of the current generation's `compose.yaml`.

`up` starts, replaces and removes what differs, so that one word does for start and restart. A model that is off until
its profile is asked for is left to whoever asked for it.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from remuda.deploy.change import Verb
from remuda.deploy.tree import COMPOSE
from remuda.edge.deploy.program import run
from remuda.errors import EffectError

_PROJECT: Final = "remuda"
_UP_S: Final = 4 * 3600.0
_DOWN_S: Final = 600.0
_LOOK_S: Final = 60.0


class Compose:
    """The project of a file."""

    def __init__(self, file: Path) -> None:
        self._file = file

    async def up(self) -> frozenset[str]:
        """The services that run; and the project itself, if any does. Raises EffectError."""
        if not self._file.exists():
            return frozenset()
        names = (await run(self._argv("ps", "--services", "--status=running"), limit_s=_LOOK_S)).split()
        return frozenset([*names, COMPOSE]) if names else frozenset()

    async def act(self, verb: Verb, name: str) -> None:
        """Bring the project, or one service of it, up or down. Raises EffectError."""
        if name != COMPOSE:
            await run(self._argv("restart", name) if verb != "stop" else self._argv("stop", name), limit_s=_DOWN_S)
        elif verb == "stop":
            await run(self._argv("down"), limit_s=_DOWN_S)
        else:
            await run(self._argv("up", "--detach", "--wait", "--remove-orphans"), limit_s=_UP_S)

    def _argv(self, *words: str) -> Sequence[str]:
        program = next((found for name in ("docker", "podman") if (found := shutil.which(name))), None)
        if program is None:
            raise EffectError("cannot run compose: there is neither docker nor podman", hint="install one of them")
        return (program, "compose", "--project-name", _PROJECT, "--file", str(self._file), *words)
