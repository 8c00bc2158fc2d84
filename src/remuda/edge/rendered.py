"""Rendered files in a directory of the user's.

A record beside them, `.remuda-rendered.json`, holds the hash of every file that was written for each target. So a file
that somebody else wrote, or edited since, is never overwritten or removed unasked, and one whose model is gone is not
left behind. It is written before the files with their old and new hashes, and after them with the new ones: whenever
this is killed, the next time knows its own files. Each file is replaced in one step.

This does not say where files belong on a machine, and starts nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import msgspec

from remuda.errors import EffectError
from remuda.render.contract import Rendering

RECORD = ".remuda-rendered.json"

_Hashes = dict[str, list[str]]
_FILE = 0o644
_PROGRAM = 0o755


@dataclass(frozen=True, slots=True)
class Written:
    """What happened to the files of a target, by their paths in the directory."""

    written: tuple[PurePosixPath, ...]
    unchanged: tuple[PurePosixPath, ...]
    removed: tuple[PurePosixPath, ...]


def write(directory: Path, target: str, rendering: Rendering, *, force: bool = False) -> Written:
    """Bring the directory to what was rendered; with `force`, whoever wrote what is there.

    Raises EffectError when a file is not ours to change, naming all, or when the disk refuses; nothing is changed in
    the first case.
    """
    try:
        return _write(directory, target, rendering, force=force)
    except OSError as error:
        where = error.filename or directory
        message = f"cannot write to `{where}`: {(error.strerror or str(error)).lower()}"
        raise EffectError(message) from error


def _write(directory: Path, target: str, rendering: Rendering, *, force: bool) -> Written:
    record = _load(directory)
    ours = record.get(target, {})
    new = {str(path): text.encode() for path, text in rendering.files.items()}
    found = {name: _hash_of(directory / name) for name in {**ours, **new}}
    changed = [name for name, content in new.items() if found[name] != _hash(content)]
    gone = [name for name in ours if name not in new and found[name] is not None]
    if not force:
        foreign = [name for name in (*changed, *gone) if found[name] not in (None, *ours.get(name, ()))]
        _refuse_foreign(directory, foreign)
    hashes = {name: [_hash(content)] for name, content in new.items()}
    _save(directory, {**record, target: {name: [*ours.get(name, ()), *hashes.get(name, ())] for name in found}})
    for name, content in new.items():
        mode = _PROGRAM if PurePosixPath(name) in rendering.executable else _FILE
        _replace(directory / name, content, mode) if name in changed else (directory / name).chmod(mode)
    for name in gone:
        _remove(directory, directory / name)
    _save(directory, {**record, target: hashes})
    return Written(_paths(changed), _paths(name for name in new if name not in changed), _paths(gone))


def _paths(names: Iterable[str]) -> tuple[PurePosixPath, ...]:
    return tuple(map(PurePosixPath, names))


def _refuse_foreign(directory: Path, names: Sequence[str]) -> None:
    if names:
        listed = ", ".join(f"`{name}`" for name in names)
        message = f"cannot write to `{directory}`: somebody else wrote or edited {listed}"
        raise EffectError(message, hint="move your changes to the fleet file, or write over them with `--force`")


def _load(directory: Path) -> dict[str, _Hashes]:
    try:
        return msgspec.json.decode((directory / RECORD).read_bytes(), type=dict[str, _Hashes])
    except FileNotFoundError:
        return {}
    except msgspec.MsgspecError as error:
        message = f"cannot read `{directory / RECORD}`: it is damaged"
        raise EffectError(message, hint="remove it, and write over the files with `--force`") from error


def _save(directory: Path, record: Mapping[str, _Hashes]) -> None:
    _replace(directory / RECORD, msgspec.json.format(msgspec.json.encode(record, order="sorted")) + b"\n", _FILE)


def _replace(path: Path, content: bytes, mode: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            os.fchmod(file.fileno(), mode)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _remove(directory: Path, path: Path) -> None:
    """Remove a file, and the directories in which nothing is left then."""
    path.unlink()
    with contextlib.suppress(OSError):
        while (path := path.parent) != directory:
            path.rmdir()


def _hash_of(path: Path) -> str | None:
    try:
        return _hash(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
