"""Checks a tree of variants that somebody wrote by hand, everything at once, each finding at its file and line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath

from remuda.adapt.variants import files, siblings, tables
from remuda.adapt.variants.anatomy import Written
from remuda.adapt.variants.claims import claims
from remuda.errors import Position, Problem
from remuda.plan.variants.jobs import Jobs, jobs
from remuda.spec.variants import Line, Variants

_START = Position(0, 0)


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem of a file of the tree."""

    path: PurePath
    problem: Problem


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of it: how many variants there are, and the findings in the order of paths and lines."""

    variants: int
    findings: tuple[Finding, ...]


def check(texts: Mapping[PurePath, str], known: Variants) -> Checked:
    """Judges the texts of a tree by their paths in it; `known` are the lines that are known, and the build machine."""
    lines, allowed = tuple(known.lines.values()), jobs(known.build)
    written = [Written(path, text) for path, text in texts.items() if is_variant(path)]
    found = [Finding(file.path, problem) for file in written for problem in files.judge(file, lines, allowed)]
    found += [Finding(file.path, problem) for file, problem in siblings.odd_ones(written)]
    found += _others(texts, written, lines, allowed)
    once = {(str(each.path), each.problem.position or _START, each.problem.message): each for each in found}
    return Checked(len(written), tuple(once[key] for key in sorted(once)))


def is_variant(path: PurePath) -> bool:
    """Whether a file is an expression for a variant, by its name."""
    return path.suffix == ".nix" and path.name.startswith("vllm-")


def _others(
    texts: Mapping[PurePath, str], written: list[Written], lines: tuple[Line, ...], allowed: Jobs
) -> Iterator[Finding]:
    """The pages, and the expressions that variants share."""
    pins = {pin for file in written if (pin := file.value("pin"))}
    has_wheel = any("torch-bin" in text for text in texts.values())
    tree = tables.Tree({file.path.stem for file in written}, pins, has_wheel)
    for path, text in texts.items():
        if path.suffix == ".md":
            for problem in (*claims(text), *tables.judge(text, tree, lines), *files.parallel(text, allowed)):
                yield Finding(path, problem)
        elif path.suffix == ".nix" and not is_variant(path):
            for problem in files.parallel(text, allowed):
                yield Finding(path, problem)
