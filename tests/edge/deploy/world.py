"""A machine in a directory, whose units are texts; and a disk and managers that fail or die where they are told to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath

from remuda.deploy.change import Action
from remuda.deploy.manifest import Origin
from remuda.deploy.tree import Tree, Unit, owner
from remuda.edge.deploy.deployment import Deployment
from remuda.edge.deploy.disk import Disk
from remuda.edge.deploy.site import Site
from remuda.errors import EffectError

ORIGIN = Origin("2026-01-01T00:00:00Z", "0.0", "0" * 64)
BROKEN = "BROKEN"
STORE = PurePosixPath("/etc/remuda/deploy")
Fate = Callable[[], None]


class Died(BaseException):
    """Whoever deployed is gone, without a chance to say so."""


def peacefully() -> None:
    """Nothing happens."""


class At:
    """Does something at the n-th operation, before it or right after it, and counts them all."""

    def __init__(self, number: int, what: Callable[[], None]) -> None:
        self.count = 0
        self._number = number
        self._what = what

    def __call__(self) -> None:
        self.count += 1
        if self.count == self._number:
            self._what()


class FatefulDisk(Disk):
    """A disk with a fate before and after every operation."""

    def __init__(self, world: World) -> None:
        self._world = world

    def _fate(self) -> None:
        self._world.fate()

    def fill(self, directory: Path, files: Mapping[PurePosixPath, tuple[bytes, int]]) -> None:
        for path, file in files.items():
            self._fate()
            super().fill(directory, {path: file})
        self._fate()

    def write(self, path: Path, data: bytes) -> None:
        self._fate()
        super().write(path, data)
        self._fate()

    def link(self, path: Path, text: str) -> None:
        self._fate()
        super().link(path, text)
        self._fate()

    def copy(self, source: Path, target: Path) -> None:
        self._fate()
        super().copy(source, target)
        self._fate()

    def move(self, source: Path, target: Path) -> None:
        self._fate()
        super().move(source, target)
        self._fate()

    def remove(self, path: Path) -> None:
        self._fate()
        super().remove(path)
        self._fate()

    def remove_tree(self, path: Path) -> None:
        self._fate()
        super().remove_tree(path)


class World:
    """A machine in a directory: what is in its files, and which units run with which text."""

    def __init__(self, root: Path) -> None:
        self.site = Site("system", root, STORE, PurePosixPath("/home/.config"))
        self.fate: Fate = peacefully
        self.running: dict[Unit, str] = {}
        self.known: dict[Unit, str] = {}
        self.asked: list[str] = []
        self.told: list[str] = []

    def deployment(self, *, with_units: bool = True) -> Deployment:
        return Deployment(self.site, self if with_units else None, self.told.append, FatefulDisk(self))

    async def apply(self, tree: Tree, *, force: bool = False, keep: int = 10, with_units: bool = True) -> int:
        """As the verb does it."""
        deployment = self.deployment(with_units=with_units)
        lock = deployment.locked()
        try:
            await deployment.recover()
            return await deployment.apply(tree, ORIGIN, force=force, keep=keep)
        finally:
            lock.release()

    def text(self, place: PurePosixPath) -> str | None:
        """A file as the machine sees it: a link leads to where it would on a machine of its own."""
        path = self.site.real(place)
        while path.is_symlink():
            target = path.readlink()
            path = self.site.root / target.relative_to("/") if target.is_absolute() else path.parent / target
        return path.read_text() if path.exists() else None

    def seen(self) -> Mapping[str, str]:
        """All files outside the store that can be read."""
        found = {}
        for path in sorted((self.site.root / "etc").rglob("*")):
            inside = PurePosixPath(path.relative_to(self.site.root))
            is_ours = inside.is_relative_to("etc/remuda/deploy")
            if not is_ours and not path.is_dir() and (text := self.text(inside)) is not None:
                found[str(inside)] = text
        return found

    def dangling(self) -> list[Path]:
        """Links that lead nowhere, and what is unfinished."""
        paths = [path for path in (self.site.root / "etc").rglob("*") if not path.is_relative_to(self.site.directory)]
        places = [path for path in paths if path.is_symlink() or path.name.endswith(".remuda")]
        return [path for path in places if self.text(PurePosixPath(path.relative_to(self.site.root))) is None]

    # The machine

    async def up(self, units: Iterable[Unit]) -> frozenset[Unit]:
        return frozenset(self.running.keys() & set(units))

    async def read_units(self, manager: str) -> None:
        self.fate()
        self.known = {unit: text for place, text in self.seen().items() if (unit := owner(PurePosixPath(place)))}
        self.asked.append(f"read {manager}")
        self.fate()

    async def act(self, action: Action) -> None:
        self.fate()
        unit = action.unit
        self.asked.append(f"{action.verb} {unit}")
        if action.verb in ("stop", "restart"):
            self.running.pop(unit, None)
        if action.verb in ("start", "restart") and unit not in self.running:
            if BROKEN in self.known.get(unit, BROKEN):
                raise EffectError(f"cannot start `{unit}`")
            self.running[unit] = self.known[unit]
        self.fate()

    async def prepare(self, program: Path) -> Sequence[str]:
        self.fate()
        self.asked.append(program.name)
        return ["+ did it"]

    async def last_lines(self, unit: Unit) -> Sequence[str]:
        return [f"the last line of {unit}"]
