"""Files of recipes beside the fleet file: written once, never over another, and removed when no recipe has them.

They are data here: nobody may execute them, and nothing here does. A directory on the way that is a link is not
followed, since whoever could put one there would say where files are written and removed.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from remuda.adapt.sync.recipe import FOLDER, HASH_LENGTH
from remuda.errors import EffectError

_OURS = re.compile(rf"[0-9a-f]{{{HASH_LENGTH}}}")
_FILE = 0o644
_DIRECTORY = 0o755


def damaged(directory: Path, files: Mapping[str, str]) -> tuple[str, ...]:
    """Those of the files, by path and SHA-256, that are not there as they should be."""
    return tuple(path for path, digest in files.items() if _hash(directory / path) != digest)


def bring(directory: Path, files: Mapping[str, bytes], directories: Iterable[str]) -> None:
    """Write the files that are not there as they should be, and make directories. Raises EffectError."""
    try:
        for path in directories:
            _make(directory, directory / path)
        for path, content in files.items():
            place = directory / path
            _make(directory, place.parent)
            if _hash(place) != hashlib.sha256(content).hexdigest():
                _write(place, content)
    except OSError as error:
        message = f"cannot write `{error.filename or directory / FOLDER}`: {(error.strerror or str(error)).lower()}"
        raise EffectError(message) from error


def clean(directory: Path, wanted: Collection[str]) -> tuple[str, ...]:
    """Remove what was brought along for recipes and is not in `wanted` any more.

    Only folders that are named by a hash are; whatever else somebody put there, or a container wrote, stays.
    """
    kept = {str(Path(*Path(path).parts[:3])) for path in wanted}
    gone = []
    for upstream in _directories(directory / FOLDER):
        for folder in _directories(upstream):
            path = f"{FOLDER}/{upstream.name}/{folder.name}"
            if _OURS.fullmatch(folder.name) and path not in kept:
                shutil.rmtree(folder)
                gone.append(path)
        _remove_empty(upstream)
    _remove_empty(directory / FOLDER)
    return tuple(gone)


def _directories(above: Path) -> list[Path]:
    if above.is_symlink() or not above.is_dir():
        return []
    return sorted(path for path in above.iterdir() if path.is_dir() and not path.is_symlink())


def _remove_empty(path: Path) -> None:
    if path.is_dir() and not path.is_symlink() and not any(path.iterdir()):
        path.rmdir()


def _make(root: Path, path: Path) -> None:
    """Make a directory below the root, which is none that a link leads to."""
    for part in reversed([path, *path.parents][: len(path.relative_to(root).parts)]):
        if part.is_symlink():
            raise EffectError(f"cannot write to `{part}`: it is a symbolic link", hint="remove it")
        part.mkdir(mode=_DIRECTORY, exist_ok=True)


def _write(place: Path, content: bytes) -> None:
    descriptor, temporary = tempfile.mkstemp(dir=place.parent, prefix=".new-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), _FILE)
            file.write(content)
            os.fsync(file.fileno())
        Path(temporary).replace(place)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _hash(path: Path) -> str | None:
    try:
        is_file = stat.S_ISREG(path.lstat().st_mode)
        return hashlib.sha256(path.read_bytes()).hexdigest() if is_file else None
    except OSError:
        return None
