"""What every adapter says, and in which words.

An adapter is a pure module with the names of `Adapter`; the table of all of them is `remuda.adapt.ADAPTERS`. It turns
another program's configuration into the plain data of a fleet file, in the order in which it is to be written. What it
cannot know without running something it says; it never guesses, and never raises for what is in a file.

Files come through `Files`, since the same adapter reads a directory and a commit of a repository. An adapter opens
nothing, and knows nothing of this machine but the variables that it is given.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Protocol

from remuda.errors import Position, Problem
from remuda.spec.document import Path


class Files(Protocol):
    """The files that belong to what is read; every path is relative to the same directory, and may not leave it."""

    def read(self, path: PurePosixPath) -> bytes | None:
        """The content of a file; None where there is none, or none that may be read."""
        ...

    def names(self, directory: PurePosixPath) -> tuple[str, ...]:
        """The names of the files in a directory, sorted; empty where there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Source:
    """What to read: a file (or a directory, for formats that have such), and what its variables are taken from.

    `directory`: where its relative paths start once it runs, absolute; None where that is not known.
    `environment`: the variables of whoever would run it. `only`: the entries to take; empty for all.
    """

    path: PurePosixPath
    files: Files
    directory: PurePosixPath | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    only: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Remark:
    """A problem with the file in which it is; its position is one of that file, its `path` one of the fleet."""

    file: str
    problem: Problem


@dataclass(frozen=True, slots=True)
class Place:
    """A place in one of the files that were read."""

    file: str
    position: Position


@dataclass(frozen=True, slots=True)
class Adapted:
    """What came of a source: the data of a fleet file, comments for its keys, and what there is to say.

    `places`: where in the source an entry comes from, by its path in the fleet (`("models", "tiny-a")`). With an error
    among the remarks, `data` holds what could be read, for a look and not for use.
    """

    data: Mapping[str, Any] = field(default_factory=dict)
    notes: Mapping[Path, str] = field(default_factory=dict)
    remarks: tuple[Remark, ...] = ()
    places: Mapping[Path, Place] = field(default_factory=dict)

    @property
    def is_refused(self) -> bool:
        """Whether the source cannot become a fleet."""
        return any(remark.problem.severity == "error" for remark in self.remarks)


class Adapter(Protocol):
    """The names of an adapter module."""

    @property
    def NAME(self) -> str:
        """The name that the command line uses."""
        ...

    @property
    def SUMMARY(self) -> str:
        """What it reads, in a line."""
        ...

    def adapt(self, source: Source) -> Adapted:
        """The fleet."""
        ...
