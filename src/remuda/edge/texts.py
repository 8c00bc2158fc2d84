"""The texts of a tree: files of some kinds, by their paths in it.

Links are not followed (a build leaves links to whole package sets), nor are what version control keeps. A file that is
too large to have been written by hand, or is no text, is not one.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path, PurePath
from typing import Final

from remuda.errors import SpecError

_MAX_BYTES: Final = 2**20
_MAX_FILES: Final = 20_000
_SKIPPED: Final = frozenset({".git", ".hg", ".jj", "node_modules"})


def texts(directory: Path, suffixes: Collection[str]) -> Mapping[PurePath, str]:
    """The texts of all files with one of the suffixes (`.nix`), in order; raises SpecError if they cannot be read."""
    if not directory.is_dir():
        raise SpecError(f"cannot read `{directory}`: it is no directory", hint="name the directory of the tree")
    try:
        return {path.relative_to(directory): text for path in _files(directory, suffixes) if (text := _read(path))}
    except OSError as error:
        where = error.filename or directory
        raise SpecError(f"cannot read `{where}`: {(error.strerror or str(error)).lower()}") from None


def _files(directory: Path, suffixes: Collection[str]) -> Iterator[Path]:
    count = 0
    for folder, folders, names in os.walk(directory):
        folders[:] = sorted(set(folders) - _SKIPPED)
        for name in sorted(names):
            path = Path(folder, name)
            if path.suffix in suffixes and not path.is_symlink():
                count += 1
                if count > _MAX_FILES:
                    hint = "name the directory with the variants"
                    raise SpecError(f"cannot read `{directory}`: more than {_MAX_FILES} files", hint=hint)
                yield path


def _read(path: Path) -> str | None:
    if path.stat().st_size > _MAX_BYTES:
        return None
    return path.read_bytes().decode(errors="replace")
