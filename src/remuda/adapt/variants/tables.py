"""Judges what the pages of a tree say about it: versions of a pin, how many variants there are, and which.

Tables are Markdown's. What they say of cards and drivers is judged by `claims`, as everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from remuda.adapt.variants.anatomy import position
from remuda.errors import Position, Problem
from remuda.spec.variants import Line

_NAME: Final = re.compile(r"vllm-python\d+-cuda\d+_\d+-sm\d+(?:-[a-z0-9_]+)?(?![\w{<-])", re.ASCII)
_TOTAL: Final = re.compile(r"\bTotal: \D{0,3}(\d+) variants")
_PIN: Final = re.compile(r"\b[0-9a-f]{7,40}\b")
_VERSION: Final = re.compile(r"\b\d+(?:\.\d+){1,3}\b")
_WHEEL: Final = re.compile(r"PyTorch.*pre-built", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Tree:
    """What the files of the tree are: the names of its variants, their pins, and whether torch is a wheel."""

    names: Collection[str]
    pins: Collection[str]
    has_wheel: bool


def judge(text: str, tree: Tree, lines: tuple[Line, ...]) -> Iterator[Problem]:
    """Everything on a page that is not so."""
    yield from _names(text, tree)
    yield from _totals(text, tree)
    for number, header, cells in _rows(text):
        yield from _pinned(number, header, cells, lines)
        yield from _own(number, cells, tree, lines)
    for number, line in enumerate(text.splitlines(), 1):
        if not tree.has_wheel and (found := _WHEEL.search(line)):
            message = "`torch` of nixpkgs is compiled from source; the pre-built one is `torch-bin`, used by no file"
            yield Problem(message, position=Position(number, found.start() + 1), hint="say `compiled from source`")


def _names(text: str, tree: Tree) -> Iterator[Problem]:
    for found in _NAME.finditer(text):
        if found[0] not in tree.names:
            yield Problem(
                f"there is no variant `{found[0]}` here", (), position(text, found.start()), severity="warning"
            )


def _totals(text: str, tree: Tree) -> Iterator[Problem]:
    for found in _TOTAL.finditer(text):
        if int(found[1]) != len(tree.names):
            message = f"it says {found[1]} variants, and there are {len(tree.names)}"
            yield Problem(message, position=position(text, found.start(1)), hint=f"write {len(tree.names)}")


Row = tuple[int, Sequence[str], Sequence[tuple[str, int]]]
"""A row of a table: its line, the header's cells, and its own cells with their columns."""


def _rows(text: str) -> Iterator[Row]:
    header: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.startswith("|"):
            header = []
            continue
        cells = _cells(line)
        if not header:
            header = [cell for cell, _ in cells]
        elif not re.fullmatch(r"[|:\s-]+", line):
            yield number, header, cells


def _cells(line: str) -> list[tuple[str, int]]:
    """The cells of a row, each with its column."""
    found, start = [], 1
    for cell in line.strip().strip("|").split("|"):
        found.append((cell.strip(), start + 1 + len(cell) - len(cell.lstrip())))
        start += len(cell) + 1
    return found


def _pinned(
    number: int, header: Sequence[str], cells: Sequence[tuple[str, int]], lines: tuple[Line, ...]
) -> Iterator[Problem]:
    """A row that names a pin, and under vLLM and PyTorch what is there."""
    pins = [pin for cell, _ in cells for pin in _PIN.findall(cell)]
    known = [line for line in lines if any(line.nixpkgs.startswith(pin) for pin in pins)]
    for title, (cell, column) in zip(header, cells, strict=False):
        what = "torch" if "torch" in title.lower() else "vllm" if "vllm" in title.lower() else None
        if what and known:
            expected = {value for line in known if (value := getattr(line, what))}
            yield from _version(cell, Position(number, column), expected, f"nixpkgs {pins[0][:7]} has {title}")


def _own(number: int, cells: Sequence[tuple[str, int]], tree: Tree, lines: tuple[Line, ...]) -> Iterator[Problem]:
    """A row that says which PyTorch or vLLM this tree has."""
    keys: Mapping[str, str] = {"pytorch": "torch", "vllm": "vllm"}
    what = keys.get(cells[0][0].lower())
    known = [line for line in lines if line.nixpkgs in tree.pins]
    if what and known and len(cells) > 1:
        expected = {value for line in known if (value := getattr(line, what))}
        cell, column = cells[1]
        yield from _version(cell, Position(number, column), expected, f"the pin of this tree has {cells[0][0]}")


def _version(cell: str, where: Position, expected: set[str], what: str) -> Iterator[Problem]:
    found = _VERSION.search(cell)
    if found and expected and found[0] not in expected:
        listed = " or ".join(sorted(expected))
        place = Position(where.line, where.column + found.start())
        yield Problem(f"it says {found[0]}, and {what} {listed}", position=place, hint=f"write {listed}")
