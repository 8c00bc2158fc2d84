"""The operations on files that deploying is made of: each is done whole or not at all.

File systems keep their order when the power fails; `move` and `sync` wait until they are on the disk.

What is unfinished has a name that starts with a dot and ends in `.remuda`, which neither systemd nor podman reads, and
which the next attempt takes again. Whether an operation should be done is not asked here.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path, PurePosixPath


class Disk:
    """The disk of this machine."""

    def make_directory(self, path: Path) -> None:
        """Make a directory, and those above it, that everybody can read, whatever the umask: users have units too."""
        if not path.is_dir():
            self.make_directory(path.parent)
            path.mkdir(exist_ok=True)
            path.chmod(0o755)

    def fill(self, directory: Path, files: Mapping[PurePosixPath, tuple[bytes, int]]) -> None:
        """Write files with their modes below a directory that nobody knows yet.

        All are written before the first is waited for, which has the disk do it once and not for each.
        """
        for path, (data, mode) in files.items():
            self.make_directory((directory / path).parent)
            (directory / path).write_bytes(data)
            (directory / path).chmod(mode)
        for path in files:
            _sync(directory / path)

    def write(self, path: Path, data: bytes) -> None:
        """Put a file in place."""
        self.make_directory(path.parent)
        unfinished = _unfinished(path)
        unfinished.write_bytes(data)
        unfinished.chmod(0o644)
        _sync(unfinished)
        unfinished.replace(path)

    def link(self, path: Path, text: str) -> None:
        """Put a symbolic link in place."""
        self.make_directory(path.parent)
        unfinished = _unfinished(path)
        unfinished.unlink(missing_ok=True)
        unfinished.symlink_to(text)
        unfinished.replace(path)

    def copy(self, source: Path, target: Path) -> None:
        """Put a copy of a file or link, with its mode and owner, in place."""
        self.make_directory(target.parent)
        unfinished = _unfinished(target)
        unfinished.unlink(missing_ok=True)
        shutil.copy2(source, unfinished, follow_symlinks=False)
        found = source.lstat()
        with contextlib.suppress(PermissionError):  # a user cannot give files away, and has none of others here
            os.chown(unfinished, found.st_uid, found.st_gid, follow_symlinks=False)
        unfinished.replace(target)

    def move(self, source: Path, target: Path) -> None:
        """Rename a file, a link or a directory that is finished."""
        source.replace(target)
        self.sync(target.parent)

    def sync(self, directory: Path) -> None:
        """Wait until what was done in a directory will be there after the power has failed, and all that was before."""
        _sync(directory)

    def remove(self, path: Path) -> None:
        """Remove a file or a link, if it is there."""
        path.unlink(missing_ok=True)

    def forget_unfinished(self, path: Path) -> None:
        """Remove what is left of an operation on this path that somebody did not live to end."""
        _unfinished(path).unlink(missing_ok=True)

    def remove_directory(self, path: Path) -> None:
        """Remove a directory in which nothing is left."""
        with contextlib.suppress(OSError):
            path.rmdir()

    def remove_tree(self, path: Path) -> None:
        """Remove a directory and everything in it."""
        shutil.rmtree(path)


def _unfinished(path: Path) -> Path:
    return path.with_name(f".{path.name}.remuda")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
