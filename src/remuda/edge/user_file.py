"""A file of the user's that a verb writes: replaced in one step, so that nobody ever reads half of it.

A symbolic link stays one; what it leads to is replaced and keeps its permissions.
"""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

from remuda.errors import EffectError, SpecError

_MODE = 0o644


def write(path: Path, text: str) -> None:
    """Replace the text of a file, or make it. Raises EffectError."""
    try:
        _write(path.resolve(), text)
    except OSError as error:
        raise EffectError(f"cannot write to `{path}`: {(error.strerror or str(error)).lower()}") from error


def make(path: Path, text: str, *, force: bool = False) -> None:
    """Make a file; one that is there is replaced with `force` only. Raises SpecError and EffectError."""
    if not force and (path.exists() or path.is_symlink()):
        raise SpecError(f"cannot write `{path}`: there is such a file already", hint="name another, or add `--force`")
    write(path, text)


def _write(path: Path, text: str) -> None:
    mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else _MODE
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            os.fchmod(file.fileno(), mode)
            file.write(text)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
