"""The files of a generation, and what they are on a machine: which units, whose, and which links lead to them.

The paths are those of the render targets: `etc/…` belongs under `/etc` and `config/…` in the directory of a user's
configuration; whatever else there is stays in the generation. A file of podman's Quadlet stands for the unit that
podman makes of it. Only where they belong is known here, not what is there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Final, Literal

import msgspec

from remuda.deploy.unit_file import UnitFile, read
from remuda.render.contract import Rendering

Scope = Literal["system", "user"]
"""Whose a generation is: the machine's, or that of the user who applies it."""

COMPOSE: Final = "compose"
GATEWAY_SERVICE: Final = "remuda-gateway"
PREPARE: Final = PurePosixPath("prepare")

_QUADLET: Final = {
    ".container": "",
    ".kube": "",
    ".volume": "-volume",
    ".network": "-network",
    ".pod": "-pod",
    ".image": "-image",
    ".build": "-build",
}
_NATIVE: Final = (".service", ".socket", ".target", ".timer", ".path", ".slice", ".mount")


class Unit(msgspec.Struct, frozen=True, order=True):
    """A unit by its manager and name: `system`, `user`, the number of a user, or `compose`."""

    manager: str
    name: str

    def __str__(self) -> str:
        return f"{self.name} (user {self.manager})" if self.manager.isdigit() else self.name


@dataclass(frozen=True, slots=True)
class Tree:
    """What a generation holds. `models` are the models by the names of their units."""

    target: str
    files: Mapping[PurePosixPath, str] = field(default_factory=dict)
    executable: frozenset[PurePosixPath] = frozenset()
    models: Mapping[str, str] = field(default_factory=dict)

    @staticmethod
    def of(target: str, rendering: Rendering, models: Mapping[str, str]) -> Tree:
        """The tree of what was rendered."""
        return Tree(target, dict(rendering.files), rendering.executable, dict(models))

    def found(self, texts: Mapping[PurePosixPath, str]) -> Tree:
        """The tree with what is really on the disk at some of its places."""
        return replace(self, files={**self.files, **texts})


@dataclass(frozen=True, slots=True)
class Described:
    """A unit: the files that make it, and what they say."""

    paths: frozenset[PurePosixPath]
    file: UnitFile


EMPTY: Final = Tree("")
"""What is applied before anything is."""


def content_hash(text: str) -> str:
    """By which an edited file is known."""
    return hashlib.sha256(text.encode()).hexdigest()


def scopes(tree: Tree) -> frozenset[Scope]:
    """For whom a tree has files."""
    kinds: dict[str, Scope] = {"etc": "system", "config": "user"}
    return frozenset(kinds[path.parts[0]] for path in tree.files if path.parts[0] in kinds)


def narrowed(tree: Tree, scope: Scope) -> Tree:
    """The tree without what belongs to the other scope."""
    other = "config" if scope == "system" else "etc"
    return replace(tree, files={path: text for path, text in tree.files.items() if path.parts[0] != other})


def units(tree: Tree) -> Mapping[Unit, Described]:
    """The units of a tree, in the order of their names."""
    paths: dict[Unit, list[PurePosixPath]] = {}
    for path in sorted(tree.files, key=_drop_ins_last):
        unit = owner(path)
        if unit is not None:
            paths.setdefault(unit, []).append(path)
    return {
        unit: Described(frozenset(found), read([tree.files[path] for path in found]))
        for unit, found in sorted(paths.items())
    }


def _drop_ins_last(path: PurePosixPath) -> tuple[bool, PurePosixPath]:
    return path.suffix == ".conf", path


def owner(path: PurePosixPath) -> Unit | None:
    """The unit that a file is of, if it is a unit's or a drop-in of one."""
    if str(path) == "compose.yaml":
        return Unit(COMPOSE, COMPOSE)
    if str(path) == "gateway.yaml":
        return Unit(COMPOSE, GATEWAY_SERVICE)
    if path.suffix == ".conf" and path.parent.suffix == ".d":
        path = path.parent.with_suffix("")
    match path.parts:
        case ("etc", "systemd", "system", name):
            return _native("system", name)
        case ("config", "systemd", "user", name):
            return _native("user", name)
        case ("etc", "containers", "systemd", "users", uid, name):
            return _quadlet(uid, name)
        case ("etc", "containers", "systemd", name):
            return _quadlet("system", name)
        case ("config", "containers", "systemd", name):
            return _quadlet("user", name)
        case _:
            return None


def _native(manager: str, name: str) -> Unit | None:
    return Unit(manager, name) if name.endswith(_NATIVE) else None


def _quadlet(manager: str, name: str) -> Unit | None:
    path = PurePosixPath(name)
    added = _QUADLET.get(path.suffix)
    return None if added is None else Unit(manager, f"{path.stem}{added}.service")


def links(tree: Tree, current: PurePosixPath) -> Mapping[PurePosixPath, str]:
    """The links by which a machine finds the files, by their places; `current` is what is switched.

    A native unit that something wants is enabled by a link as `systemctl enable` makes it; podman's generator does
    that for its own.
    """
    placed = {path: str(current / path) for path in tree.files if path.parts[0] in ("etc", "config")}
    return {**placed, **dict(_enabling(tree))}


def _enabling(tree: Tree) -> Iterator[tuple[PurePosixPath, str]]:
    for described in units(tree).values():
        for path in described.paths:
            if "systemd" in path.parts[:2] and path.suffix in _NATIVE:
                yield from _wants(path, "wants", described.file.wanted_by)
                yield from _wants(path, "requires", described.file.required_by)


def _wants(path: PurePosixPath, kind: str, wanting: Iterable[str]) -> Iterator[tuple[PurePosixPath, str]]:
    for name in wanting:
        yield path.parent / f"{name}.{kind}" / path.name, f"../{path.name}"
