"""What every render target says, and in which words.

A target is a pure module with the names of `Target`; the table of all of them is `remuda.render.TARGETS`. It turns a
checked fleet into the text of files, byte for byte the same for the same fleet. What it cannot express it refuses with
a `Problem` at its place in the fleet file, everything at once; what a user should know is a warning.

A target does not look at the machine that renders: the files are for the one where they will be put, of which `Host`
says what is known, which may be nothing. It writes nothing either.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Protocol

from remuda.errors import Problem
from remuda.facts.host import Host
from remuda.spec.fleet import Fleet
from remuda.spec.merge import Effective, effective

Rendered = Mapping[PurePosixPath, str]
"""The text of files by their paths, which are relative to the directory that the user names."""


@dataclass(frozen=True, slots=True)
class Request:
    """What to render: a checked fleet, for a host of which perhaps nothing is known; `only` narrows it to models.

    `text` is the fleet file as the user wrote it, for a target that runs Remuda, and `lock` what is beside it;
    `program` is Remuda's there.
    """

    fleet: Fleet
    host: Host = field(default_factory=lambda: Host(()))
    only: frozenset[str] = frozenset()
    text: str = ""
    lock: str | None = None
    program: PurePosixPath = field(default_factory=lambda: PurePosixPath("/usr/bin/remuda"))

    def models(self) -> tuple[Effective, ...]:
        """The enabled models that were asked for, in the order of the file."""
        return tuple(
            effective(self.fleet, model_id)
            for model_id, entry in self.fleet.models.items()
            if entry.enabled and (not self.only or model_id in self.only)
        )


@dataclass(frozen=True, slots=True)
class Rendering:
    """What came of a request. With an error among the problems, `files` is empty. `executable` are programs."""

    files: Rendered = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    executable: frozenset[PurePosixPath] = frozenset()

    @property
    def is_refused(self) -> bool:
        """Whether the target cannot express the fleet."""
        return any(problem.severity == "error" for problem in self.problems)


class Target(Protocol):
    """The names of a target module."""

    @property
    def NAME(self) -> str:
        """The name that the command line uses."""
        ...

    @property
    def SUMMARY(self) -> str:
        """What it makes, in a line."""
        ...

    def render(self, request: Request) -> Rendering:
        """The files."""
        ...
