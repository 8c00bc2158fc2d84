"""What a daemon is told to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from remuda.spec.fleet import Fleet
from remuda.spec.listen import Listen


@dataclass(frozen=True, slots=True)
class Job:
    """A fleet, where its file lies, and what the command line changed.

    `only` narrows the fleet to these models, `listen` replaces the file's address. `environment` is what engines
    inherit and references are resolved from. With `watches`, edits of the file are applied by themselves.
    """

    fleet: Fleet
    file: Path
    environment: Mapping[str, str]
    only: tuple[str, ...] = ()
    listen: Listen | None = None
    watches: bool = False
