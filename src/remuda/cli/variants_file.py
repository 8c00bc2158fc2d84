"""Finds and reads the variants file: the one of `-f`, `./variants.yaml`, or else the lines that Remuda brings along."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from remuda.cli import fleet_file
from remuda.errors import Problem, SpecError

if TYPE_CHECKING:
    from remuda.spec.document import Document
    from remuda.spec.variants import Variants

NAME: Final = "variants.yaml"

file_option = click.option(
    "-f", "--file", type=fleet_file.PATH, metavar="FILE", help=f"Variants file; otherwise ./{NAME}, then our own lines."
)
line_option = click.option("--line", "lines", metavar="LINE", multiple=True, help="Only this line; may be repeated.")
force_option = click.option("--force", is_flag=True, help="Also variants that build, but have no kernels.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A variants file without errors; `path` is None for our own."""

    path: Path | None
    text: str
    variants: Variants
    document: Document

    @property
    def label(self) -> str:
        """Its name in messages."""
        return str(self.path) if self.path else "variants.yaml of Remuda"

    def placed(self, problems: Iterable[Problem]) -> list[Problem]:
        """Problems that know paths, at their positions."""
        return [replace(problem, position=self.document.at_key(problem.path)) for problem in problems]

    def chosen(self, lines: tuple[str, ...]) -> tuple[str, ...]:
        """The lines that were named, else all; raises SpecError for one that is not there."""
        from remuda.spec.nearest import suggestion  # noqa: PLC0415

        for name in lines:
            if name not in self.variants.lines:
                hint = suggestion(
                    name, self.variants.lines, otherwise=f"use one of `{'`, `'.join(self.variants.lines)}`"
                )
                raise SpecError(f"there is no line `{name}` in {self.label}", hint=hint)
        return lines or tuple(self.variants.lines)


def load(file: Path | None) -> Loaded:
    """Find, read and judge it; raises SpecError with all problems."""
    from remuda.knowledge.rows import text  # noqa: PLC0415

    path = file or (Path(NAME) if Path(NAME).exists() else None)
    return read(fleet_file.read(path) if path else text(NAME), path)


def read(content: str | bytes, path: Path | None) -> Loaded:
    """Judge a text; raises SpecError with all problems."""
    from remuda.plan.variants.matrix import problems  # noqa: PLC0415
    from remuda.spec.document import decode  # noqa: PLC0415
    from remuda.spec.variants import read as parse  # noqa: PLC0415

    label = str(path) if path else NAME
    variants, document = parse(content, label)
    if found := list(problems(variants, document)):
        raise SpecError(f"cannot use `{label}`", file=label, problems=found)
    return Loaded(path, decode(content), variants, document)
