"""Files of an import that are given in a test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from remuda.adapt.contract import Adapted, Source


@dataclass(frozen=True)
class InMemory:
    """Files by their paths; a directory is there when one of them is in it."""

    contents: Mapping[str, bytes]

    def read(self, path: PurePosixPath) -> bytes | None:
        return self.contents.get(str(path))

    def names(self, directory: PurePosixPath) -> tuple[str, ...]:
        paths = [PurePosixPath(name) for name in self.contents]
        inside = [path.relative_to(directory) for path in paths if path != directory and path.is_relative_to(directory)]
        return tuple(sorted({path.parts[0] for path in inside}))


def source(text: str | bytes, name: str = "file", directory: str | None = "/here", **environment: str) -> Source:
    """One file."""
    content = text.encode() if isinstance(text, str) else text
    where = PurePosixPath(directory) if directory else None
    return Source(PurePosixPath(name), InMemory({name: content}), where, environment)


def said(adapted: Adapted) -> list[str]:
    """The remarks as `LINE:COLUMN message`, warnings marked."""
    return [
        (f"{problem.position.line}:{problem.position.column} " if problem.position else "")
        + "warning: " * (problem.severity == "warning")
        + problem.message
        for problem in (remark.problem for remark in adapted.remarks)
    ]
