"""What one line builds that another does not, and why; their Pythons and releases aside."""

from __future__ import annotations

from dataclasses import dataclass

from remuda.plan.variants.matrix import Variant, variants
from remuda.plan.variants.names import Name
from remuda.spec.variants import Line, Variants


@dataclass(frozen=True, slots=True)
class Difference:
    """A build that is in one of two lines only: `line` is the one that has it, `why` the other's reason."""

    line: str
    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two lines side by side: what the second gains and loses against the first. `changes` are their pins."""

    gained: tuple[Difference, ...]
    lost: tuple[Difference, ...]
    changes: tuple[tuple[str, str, str], ...]
    both: int


def compare(file: Variants, first: str, second: str, *, force: bool = False) -> Comparison:
    """The second line against the first."""
    return differences((first, file.lines[first]), (second, file.lines[second]), force=force)


def differences(first: tuple[str, Line], second: tuple[str, Line], *, force: bool = False) -> Comparison:
    """The same for lines of two files."""
    one, other = (_wanted(variants(*line), force=force) for line in (first, second))
    gained = [Difference(second[0], str(name), why_not(first, name)) for key, name in other.items() if key not in one]
    lost = [Difference(first[0], str(name), why_not(second, name)) for key, name in one.items() if key not in other]
    both = len(one.keys() & other.keys())
    return Comparison(tuple(gained), tuple(lost), _changes(first[1], second[1]), both)


def why_not(line: tuple[str, Line], name: Name) -> str:
    """Why a line does not build what another one does."""
    label, spec = line
    for variant in variants(label, spec):
        if variant.name.build == name.build:
            return variant.reasons[0].message
    if name.cuda not in spec.cuda:
        return f"`{label}` has no CUDA {name.cuda}"
    if name.capability not in spec.capabilities:
        reason = spec.without.get(name.capability)
        return f"`{label}` leaves out {name.capability}" + (f": {reason}" if reason else "")
    return f"`{label}` has no {name.isa.isa} for {name.capability}"


def _wanted(found: tuple[Variant, ...], *, force: bool) -> dict[tuple[str, str, str], Name]:
    return {each.name.build: each.name for each in found if each.is_wanted(force=force)}


def _changes(first: Line, second: Line) -> tuple[tuple[str, str, str], ...]:
    def shown(line: Line, key: str) -> str:
        value = getattr(line, key)
        return ", ".join(value) if isinstance(value, tuple) else str(value)

    keys = ("vllm", "torch", "python", "cuda", "nixpkgs")
    return tuple(
        (key, shown(first, key), shown(second, key)) for key in keys if shown(first, key) != shown(second, key)
    )
