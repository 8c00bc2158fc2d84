"""The lock beside a fleet file: what the recipes of its models gave, when `remuda sync` last looked.

With it, everything works offline: a model's derived entry lies under its own keys (`remuda.spec.layer`). It is JSON,
sorted and in lines, so that a version control shows what a sync has changed. Each entry ends in a hash of all that is
in it: nobody edits it and wonders where the edit has gone at the next sync. That is no signature.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final

import msgspec

from remuda.spec.document import MAX_BYTES

VERSION: Final = 1
KEYS: Final = frozenset(
    {
        *("engine", "runtime", "image", "tag", "digest", "executable", "model", "cmd", "steps", "devices", "port"),
        *("network", "shm_size", "volumes", "settings", "environment_file", "environment", "limits", "ready"),
        "context_length",
    }
)
"""What a recipe may say of a model; nothing that Remuda itself would run, or send elsewhere."""


class Locked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """What one recipe gave.

    `url`: the address that was read. `date`: the commit's, as `2026-05-09`. `path_before`: where the fleet file may
    still say that the recipe is, if it was moved. `service` and `variables` are what the fleet file asks for. `files`
    are those that were brought along, with their SHA-256; `directories` those that were made; both relative to the
    fleet file. `unknowns`: what could not be known of the recipe, or was not taken over.
    """

    upstream: str
    url: str
    commit: str
    date: str
    path: str
    path_before: str | None = None
    service: str | None = None
    variables: dict[str, str] = {}
    recipe: str
    derived: dict[str, Any]
    files: dict[str, str] = {}
    directories: tuple[str, ...] = ()
    unknowns: tuple[str, ...] = ()
    hash: str = ""

    @property
    def is_untouched(self) -> bool:
        """Whether nobody has edited it."""
        return self.hash == _hash(self)

    @property
    def provenance(self) -> str:
        """Where the model comes from, in a line."""
        return f"{self.upstream} {self.path} @ {self.commit[:8]} ({self.date})"

    def sealed(self) -> Locked:
        """The same with its hash."""
        return msgspec.structs.replace(self, hash=_hash(self))


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    models: dict[str, Locked]
    version: int


@dataclass(frozen=True, slots=True)
class Lock:
    """The lock of a fleet as it lies there: its name in messages, its text, and the directory that it is in.

    `content` is None where there is none; `directory` is absolute, or None where the fleet is in no directory.
    """

    name: str = "remuda.lock"
    content: bytes | None = None
    directory: PurePosixPath | None = None


class LockError(ValueError):
    """The text is not a lock; says why, to be read after its name."""


def read(content: bytes | None) -> dict[str, Locked]:
    """The entries of a lock by model, none for no lock; raises `LockError`."""
    if content is None:
        return {}
    if len(content) > MAX_BYTES:
        raise LockError(f"has more than {MAX_BYTES // 2**20} MiB")
    try:
        found = msgspec.json.decode(content, type=_File)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise LockError(f"is damaged: {str(error).lower()}") from None
    if found.version != VERSION:
        raise LockError(f"has the version {found.version}: expected {VERSION}")
    for model_id, entry in found.models.items():
        if foreign := sorted(entry.derived.keys() - KEYS):
            raise LockError(f"gives the model `{model_id}` the key `{foreign[0]}`, which no recipe gives")
    return found.models


def written(entries: Mapping[str, Locked]) -> bytes:
    """The text of a lock."""
    file = _File(dict(entries), VERSION)
    return msgspec.json.format(msgspec.json.encode(file, order="sorted"), indent=2) + b"\n"


def _hash(entry: Locked) -> str:
    text = msgspec.json.encode(msgspec.structs.replace(entry, hash=""), order="sorted")
    return hashlib.sha256(text).hexdigest()
