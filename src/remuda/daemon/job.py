"""What a daemon is told to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from remuda.edge.handover import NOTHING, Estate
from remuda.spec.fleet import Fleet
from remuda.spec.listen import Listen


@dataclass(frozen=True, slots=True)
class Job:
    """A fleet, where its file lies, and what the command line changed.

    `only` narrows the fleet to these models, `listen` replaces the file's address. `environment` is what engines
    inherit and references are resolved from. With `watches`, edits of the file are applied by themselves.
    `estate`: what was handed to this process when it began.
    """

    fleet: Fleet
    file: Path
    environment: Mapping[str, str]
    only: tuple[str, ...] = ()
    listen: Listen | None = None
    watches: bool = False
    estate: Estate = NOTHING

    @property
    def address(self) -> Listen:
        """Where the gateway is to listen."""
        return self.listen or self.fleet.gateway.listen

    @property
    def words(self) -> list[str]:
        """The command line that tells another daemon the same, after the name of the program."""
        only = [word for model in self.only for word in ("--only", model)]
        listen = ["--listen", str(self.listen)] if self.listen else []
        return ["up", "-f", str(self.file.absolute()), *only, *listen, *["--watch"] * self.watches]
