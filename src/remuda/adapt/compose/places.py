"""Paths of the host in a compose file: relative ones begin where the file is in which they were written.

Where that directory is on the host may be unknown (a commit of a repository); then a path stays relative, to the root
of the files, and is told apart as such. Nothing is looked up: a path is text here.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from pathlib import PurePosixPath

from remuda.adapt.compose.tree import Value


@dataclass(frozen=True, slots=True)
class Places:
    """Where paths begin.

    `file` is the compose file, relative to the root of the files; `directory` is where that file is on the host, and
    `home` that of whoever runs compose; None where they are not known.
    """

    file: PurePosixPath
    directory: PurePosixPath | None
    home: str | None

    def on_host(self, path: str, origin: Value) -> str:
        """A path that was written at `origin`: absolute if that can be known, else relative to the root."""
        if path.startswith("~"):
            return self.home + path[1:].rstrip("/") if self.home and path[:2] in ("~", "~/") else path
        if path.startswith("/"):
            return path
        if self.directory is None:
            return f"./{posixpath.normpath(origin.file.parent / path)}"
        below = posixpath.relpath(origin.file.parent, self.file.parent)
        return posixpath.normpath(self.directory / below / path)

    def in_files(self, path: str, origin: Value) -> PurePosixPath | None:
        """A path relative to the root of the files; None if it is somewhere else."""
        if path.startswith(("/", "~")):
            return None
        found = posixpath.normpath(origin.file.parent / path)
        return None if found == ".." or found.startswith("../") else PurePosixPath(found)
