"""What is written down of a generation, beside its files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

import msgspec

from remuda.deploy.tree import Tree, content_hash


class Manifest(msgspec.Struct, frozen=True):
    """A generation: when it was made and by which Remuda, of which fleet file, and the hash of every file.

    `fleet_sha256` is that of the fleet file; `models` are the models by the names of their units; `program` is where
    somebody has said that Remuda is on the machine.
    """

    number: int
    target: str
    made_at: str
    remuda: str
    fleet_sha256: str
    files: dict[str, str]
    executable: frozenset[str]
    models: dict[str, str]
    program: str | None = None


class Origin(msgspec.Struct, frozen=True):
    """Where a generation comes from."""

    made_at: str
    remuda: str
    fleet_sha256: str
    program: str | None = None


def manifest(number: int, tree: Tree, origin: Origin) -> Manifest:
    """What to write down of a tree."""
    return Manifest(
        number=number,
        target=tree.target,
        made_at=origin.made_at,
        remuda=origin.remuda,
        fleet_sha256=origin.fleet_sha256,
        files={str(path): content_hash(text) for path, text in tree.files.items()},
        executable=frozenset(map(str, tree.executable)),
        models=dict(tree.models),
        program=origin.program,
    )


def tree_of(written: Manifest, texts: Mapping[PurePosixPath, str]) -> Tree:
    """The tree of a generation, as its files are now."""
    executable = frozenset(map(PurePosixPath, written.executable))
    return Tree(written.target, texts, executable & texts.keys(), written.models)


def edited(written: Manifest, texts: Mapping[PurePosixPath, str]) -> Mapping[PurePosixPath, str]:
    """The files that are not as they were written, with what they are now: nothing if they are gone."""
    now = {path: texts.get(path, "") for path in map(PurePosixPath, written.files)}
    return {path: text for path, text in now.items() if content_hash(text) != written.files[str(path)]}
