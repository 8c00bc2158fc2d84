"""The files of a commit that are given in a test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from tests.adapt.files import InMemory


@dataclass(frozen=True)
class TreeInMemory(InMemory):
    """Files by their paths; those that are `links` are nothing else."""

    contents: Mapping[str, bytes]
    links: frozenset[str] = frozenset()

    def kind(self, path: PurePosixPath) -> Literal["file", "directory", "link"] | None:
        if str(path) in self.links:
            return "link"
        if str(path) in self.contents:
            return "file"
        return "directory" if self.below(path) else None

    def below(self, directory: PurePosixPath) -> tuple[PurePosixPath, ...]:
        return tuple(PurePosixPath(name) for name in (*self.contents, *self.links) if name.startswith(f"{directory}/"))
