"""`remuda check`: every problem of the fleet file, offline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from remuda.cli import fleet_file, output
from remuda.errors import Problem, SpecError

if TYPE_CHECKING:
    from remuda.spec.document import Document


@click.command("check")
@click.argument("file", required=False, metavar="[FILE]", type=fleet_file.PATH)
@click.option("-f", "--file", "option", metavar="FILE", type=fleet_file.PATH, help="The same as FILE.")
@click.option("--json", "as_json", is_flag=True, help="Print the problems as JSON.")
def command(file: Path | None, option: Path | None, *, as_json: bool) -> int:
    """Report every problem of FILE: `./remuda.yaml` if there is none, standard input for `-`.

    Nothing is started and no GPU is looked for. Of files of variables that can be read here, the names are looked at.
    The exit code is 2 if there are errors, 0 with warnings only.
    """
    from remuda.plan.check import check  # noqa: PLC0415 (pydantic and the YAML parser load only here)
    from remuda.spec.check import in_order  # noqa: PLC0415

    if file and option:
        raise click.UsageError("FILE is given twice")
    path = fleet_file.find(file or option)
    name = "<stdin>" if path == fleet_file.STDIN else str(path)
    checked = check(fleet_file.read(path), name, fleet_file.lock_beside(path))
    problems = in_order((*checked.problems, *_of_files(checked.document, path)))
    if as_json:
        output.data([output.problem_json(problem, name) for problem in problems])
    else:
        output.problems(problems, name)
    output.note(f"{name}: {_summary(problems)}")
    return SpecError.exit_code if checked.has_errors else 0


def _of_files(document: Document, path: Path) -> Iterator[Problem]:
    """What is wrong with the files of variables that the fleet names, as far as they are here."""
    from remuda.edge.secrets import variable_names  # noqa: PLC0415
    from remuda.plan.environment_files import environment_files, judge_files  # noqa: PLC0415

    directory = Path() if path == fleet_file.STDIN else path.parent
    names = {file: variable_names(directory, file) for file in environment_files(document)}
    return judge_files(document, names)


def _summary(problems: Sequence[Problem]) -> str:
    errors = sum(problem.severity == "error" for problem in problems)
    counts = (_count(errors, "error"), _count(len(problems) - errors, "warning"))
    return ", ".join(count for count in counts if count) or "no problems"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' if number > 1 else ''}" if number else ""
