"""Files of one tree that are not what the others are.

Siblings are the files with the same overrides, of which only some need each. What distinguishes one variant from
another is taken out of their texts: the name, the numbers, the instruction set. What is left is the same in all of
them, unless somebody changed one and forgot the others.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from remuda.adapt.variants.anatomy import Written
from remuda.errors import Position, Problem

_VARIABLE: Final = (
    (re.compile(r"vllm-python\d+-cuda\d+_\d+-sm[\w-]+"), "NAME"),
    (re.compile(r"python3\d+"), "python"),
    (re.compile(r"cudaPackages_\d+_\d+"), "cudaPackages"),
    (re.compile(r"(cudaCapabilities = \[ ?|gpuTargets = \[ ?|smCapability = )\"[\d.]+\""), r"\1SM"),
    (re.compile(r"COMPUTE_CAPABILITY=\d+"), "SM"),
    (re.compile(r"torch-cuda\d+_\d+-sm[\w-]+"), "TORCH"),
    (re.compile(r"FLAGS=\"[^\"$]*"), "FLAGS"),
    (re.compile(r"cpu-isa\.nix\)\.\w+"), "ISA"),
    (re.compile(r"\"(?:x86_64|aarch64)-linux\""), "PLATFORM"),
    (re.compile(r"description = \".*\""), "DESCRIPTION"),
)
_SOME: Final = re.compile(r"^\s*(?:#.*)?$|cudaVersionTag")
"""Lines that only some files have: comments, and the tag of a toolkit that is not the usual one."""
_OVERRIDES: Final = ("bitsandbytes", "cudnn", "isa")

Skeleton = tuple[tuple[str, int], ...]
"""The lines that all should have, with their numbers in the file."""


def odd_ones(files: Iterable[Written]) -> Iterator[tuple[Written, Problem]]:
    """The files that differ from most of their siblings, each with the first line in which it does."""
    families: dict[tuple[bool, ...], list[Written]] = {}
    for file in files:
        families.setdefault(tuple(name in file.fields for name in _OVERRIDES), []).append(file)
    for family in families.values():
        yield from _odd_ones(family)


def _odd_ones(files: list[Written]) -> Iterator[tuple[Written, Problem]]:
    skeletons = [(file, skeleton(file.text)) for file in files]
    counted = Counter(tuple(line for line, _ in lines) for _, lines in skeletons)
    usual, count = counted.most_common(1)[0]
    for file, lines in skeletons:
        if tuple(line for line, _ in lines) != usual and count > 1:
            yield file, _difference(lines, usual, count)


def skeleton(text: str) -> Skeleton:
    """What a file has in common with its siblings."""
    kept = []
    for number, line in enumerate(text.splitlines(), 1):
        if _SOME.search(line):
            continue
        for pattern, name in _VARIABLE:
            line = pattern.sub(name, line)  # noqa: PLW2901 (one replacement after another)
        kept.append((line.strip(), number))
    return tuple(kept)


def _difference(lines: Skeleton, usual: tuple[str, ...], count: int) -> Problem:
    index = next((at for at, (line, _) in enumerate(lines) if at >= len(usual) or line != usual[at]), len(lines))
    number = lines[index][1] if index < len(lines) else lines[-1][1] if lines else 1
    own = f"`{lines[index][0]}`" if index < len(lines) else "nothing more"
    others = f"`{usual[index]}`" if index < len(usual) else "nothing more"
    message = f"this is not as in its {count} siblings: {own}, where they have {others}"
    return Problem(message, (), Position(number, 1), "make it the same, or say why it is not", "warning")
