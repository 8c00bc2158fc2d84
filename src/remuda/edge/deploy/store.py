"""The generations of a site: `generations/N/` with the `files`, `manifest.json`, what was `displaced`, why it `failed`.

`current` is a link to the files of one of them. A generation appears by one rename and is never written to again,
except for what happened to it. Beside them are the journal of a deployment under way, and how long units took to start.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import msgspec

from remuda.deploy.journey import Journal
from remuda.deploy.manifest import Manifest, Origin, manifest, tree_of
from remuda.deploy.tree import Tree
from remuda.edge.deploy.disk import Disk
from remuda.errors import EffectError

_FILE = 0o644
_PROGRAM = 0o755


@dataclass(frozen=True, slots=True)
class Generation:
    """A generation that is kept, with its files as they are now."""

    manifest: Manifest
    tree: Tree
    failed: str | None

    @property
    def number(self) -> int:
        """Its number; a later one has a higher."""
        return self.manifest.number


class Store:
    """The store in a directory, which need not be there yet."""

    def __init__(self, directory: Path, disk: Disk) -> None:
        self._directory = directory
        self._generations = directory / "generations"
        self._disk = disk

    # Generations

    def numbers(self) -> Sequence[int]:
        """The generations that are kept, the oldest first."""
        with contextlib.suppress(FileNotFoundError):
            return sorted(int(entry.name) for entry in self._generations.iterdir() if entry.name.isdigit())
        return []

    def current(self) -> int | None:
        """The generation that is applied."""
        try:
            return int((self._directory / "current").readlink().parent.name)
        except FileNotFoundError:
            return None

    def load(self, number: int) -> Generation:
        """A generation. Raises EffectError if it is not kept, or damaged."""
        place = self._place(number)
        written = self.manifest(number)
        texts = {PurePosixPath(name): _text(place / "files" / name) for name in written.files}
        there = {path: text or "" for path, text in texts.items()}
        return Generation(written, tree_of(written, there), self.failed(number))

    def manifest(self, number: int) -> Manifest:
        """What is written down of a generation. Raises EffectError if it is not kept, or damaged."""
        try:
            return msgspec.json.decode((self._place(number) / "manifest.json").read_bytes(), type=Manifest)
        except FileNotFoundError:
            message = f"cannot find generation {number}: it is not kept in `{self._directory}`"
            raise EffectError(message, hint="see `remuda generations`") from None
        except msgspec.MsgspecError as error:
            raise EffectError(f"cannot read `{self._place(number) / 'manifest.json'}`: it is damaged") from error

    def failed(self, number: int) -> str | None:
        """Why a generation did not come to stay."""
        with contextlib.suppress(FileNotFoundError):
            return (self._place(number) / "failed").read_text().strip()
        return None

    def add(self, tree: Tree, origin: Origin) -> int:
        """Keep a tree as a new generation; nothing leads to it yet, and it counts as failed until it is applied."""
        number = max(self.numbers(), default=0) + 1
        unfinished = self._generations / f".{number}.remuda"
        if unfinished.exists():
            self._disk.remove_tree(unfinished)
        files = {
            "files" / path: (text.encode(), _PROGRAM if path in tree.executable else _FILE)
            for path, text in tree.files.items()
        }
        files[PurePosixPath("manifest.json")] = (_json(manifest(number, tree, origin)), _FILE)
        files[PurePosixPath("failed")] = (b"it was never applied\n", _FILE)
        self._disk.fill(unfinished, files)
        self._disk.move(unfinished, self._place(number))
        return number

    def switch(self, number: int | None) -> None:
        """Make a generation the current one."""
        link = self._directory / "current"
        if number is None:
            self._disk.remove(link)
        elif self.current() != number:
            self._disk.link(link, f"generations/{number}/files")
            self._disk.sync(self._directory)

    def mark_failed(self, number: int, why: str) -> None:
        """Say why a generation did not come to stay."""
        self._disk.write(self._place(number) / "failed", f"{why}\n".encode())

    def mark_applied(self, number: int) -> None:
        """Say that a generation has come to stay."""
        self._disk.remove(self._place(number) / "failed")

    def displaced(self, number: int, place: PurePosixPath) -> Path:
        """Where a generation keeps what it took the place of."""
        return self._place(number) / "displaced" / place

    def previous(self) -> int | None:
        """The generation that a rollback leads to: the last before the current one that did not fail."""
        current = self.current()
        earlier = [number for number in self.numbers() if current is not None and number < current]
        return next((number for number in reversed(earlier) if self.failed(number) is None), None)

    def prune(self, keep: int) -> None:
        """Remove all but the newest generations, the current one and the one before it; and what is unfinished."""
        numbers = self.numbers()
        kept = {*numbers[max(len(numbers) - keep, 0) :], self.current(), self.previous(), self.started()}
        for number in numbers:
            if number not in kept:
                self._disk.move(self._place(number), self._generations / f".{number}.remuda")
        for left in self._generations.glob(".*.remuda"):
            self._disk.remove_tree(left)
        for left in self._directory.glob(".*.remuda"):
            self._disk.remove(left)

    def _place(self, number: int) -> Path:
        return self._generations / str(number)

    # What is beside them

    def journal(self) -> Journal | None:
        """What is under way, or was when somebody died. Raises EffectError if it is damaged."""
        path = self._directory / "journal.json"
        try:
            return msgspec.json.decode(path.read_bytes(), type=Journal)
        except FileNotFoundError:
            return None
        except msgspec.MsgspecError as error:
            raise EffectError(f"cannot read `{path}`: it is damaged", hint="remove it, and apply again") from error

    def note(self, journal: Journal) -> None:
        """Write down what is under way."""
        self._disk.write(self._directory / "journal.json", _json(journal))

    def settle(self) -> None:
        """Nothing is under way any more."""
        self._disk.remove(self._directory / "journal.json")

    def started(self) -> int | None:
        """The generation to which units were last brought; files may have been applied alone since."""
        with contextlib.suppress(FileNotFoundError):
            return int((self._directory / "started").read_text())
        return None

    def mark_started(self, number: int) -> None:
        """Say that units were brought to a generation."""
        if self.started() != number:
            self._disk.write(self._directory / "started", f"{number}\n".encode())

    def starts(self) -> Mapping[str, float]:
        """How many seconds units took to start last."""
        with contextlib.suppress(OSError, msgspec.MsgspecError):
            return msgspec.json.decode((self._directory / "starts.json").read_bytes(), type=dict[str, float])
        return {}

    def remember_starts(self, took_s: Mapping[str, float]) -> None:
        """Remember how many seconds units took to start."""
        if took_s:
            self._disk.write(self._directory / "starts.json", _json({**self.starts(), **took_s}))


def _json(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value, order="deterministic")) + b"\n"


def _text(file: Path) -> str | None:
    try:
        return file.read_text()
    except (FileNotFoundError, NotADirectoryError, UnicodeDecodeError):
        return None
