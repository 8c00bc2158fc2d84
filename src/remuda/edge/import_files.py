"""The files of an import: those of one directory, read within bounds.

Nothing outside of the directory can be reached, by `..` or by a symbolic link; what is larger than a fleet file may be,
or no regular file, is not read. Nothing is ever run or written here.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from remuda.errors import SpecError
from remuda.spec.document import MAX_BYTES

_MOST_NAMES = 10_000
_ROOT = ".git"


def _without_waiting(path: str, flags: int) -> int:
    """Opens a pipe that nobody writes to as well, so that it can be seen for one."""
    return os.open(path, flags | os.O_NONBLOCK)


@dataclass(frozen=True, slots=True)
class DirectoryFiles:
    """The files below a directory, which is absolute and has no symbolic links in it."""

    root: Path

    def read(self, path: PurePosixPath) -> bytes | None:
        """The content of a file; None where there is none, or none that may be read."""
        found = self._inside(path)
        if found is None:
            return None
        try:
            with open(found, "rb", opener=_without_waiting) as file:
                status = os.fstat(file.fileno())
                is_read = stat.S_ISREG(status.st_mode) and status.st_size <= MAX_BYTES
                return file.read(MAX_BYTES) if is_read else None
        except OSError:
            return None

    def names(self, directory: PurePosixPath) -> tuple[str, ...]:
        """The names of the files in a directory, sorted; empty where there is none."""
        found = self._inside(directory)
        try:
            names = sorted(entry.name for entry in found.iterdir()) if found else []
        except OSError:
            return ()
        return tuple(names[:_MOST_NAMES])

    def _inside(self, path: PurePosixPath) -> Path | None:
        try:
            found = (self.root / path).resolve()
        except (OSError, ValueError, RuntimeError):
            return None
        return found if found.is_relative_to(self.root) else None


@dataclass(frozen=True, slots=True)
class OneFile:
    """A single content, as from standard input; there are no others."""

    path: PurePosixPath
    content: bytes

    def read(self, path: PurePosixPath) -> bytes | None:
        """The content, for its own path."""
        return self.content if path == self.path and len(self.content) <= MAX_BYTES else None

    def names(self, directory: PurePosixPath) -> tuple[str, ...]:
        """The only name."""
        return (self.path.name,) if directory == self.path.parent else ()


def opened(path: Path) -> tuple[DirectoryFiles, PurePosixPath, PurePosixPath]:
    """The files around a path, the path among them, and the absolute directory in which it lies.

    Of a path in a repository all of the repository can be read, else what is in its directory. Raises SpecError.
    """
    try:
        found = path.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        reason = "there is no such file" if isinstance(error, FileNotFoundError) else "it leads nowhere"
        raise SpecError(f"cannot read `{path}`: {reason}", hint="check the path") from None
    directory = found if found.is_dir() else found.parent
    root = next((above for above in (directory, *directory.parents) if (above / _ROOT).exists()), directory)
    return DirectoryFiles(root), PurePosixPath(found.relative_to(root)), PurePosixPath(directory)
