"""`remuda import`: another program's configuration as a fleet file."""  # noqa: N999 (the name of the verb)

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from remuda.cli import fleet_file, output
from remuda.errors import SpecError

if TYPE_CHECKING:
    from remuda.adapt.contract import Adapted


@click.command("import")
@click.argument("format_name", metavar="FORMAT")
@click.argument("path", metavar="PATH", type=fleet_file.PATH)
@click.option("--into", metavar="FILE", type=fleet_file.PATH, help="Add to this fleet file, which stays as it is else.")
@click.option("-o", "--output", "target", metavar="FILE", type=fleet_file.PATH, help="Write a new fleet file.")
@click.option("--only", metavar="MODEL", multiple=True, help="Import only this model; may be repeated.")
@click.option("--force", is_flag=True, help="Write over a file that is there, and what is not right yet.")
@click.option("--json", "as_json", is_flag=True, help="Print the fleet and what there is to say of it as JSON.")
def command(  # noqa: PLR0913 (one for each option)
    format_name: str,
    path: Path,
    into: Path | None,
    target: Path | None,
    only: tuple[str, ...],
    *,
    force: bool,
    as_json: bool,
) -> int:
    """Print what is in PATH, in another program's FORMAT, as a fleet file.

    Nothing is run or started. What has no place in a fleet, or could not be known, is told with its place in PATH, `-`
    for standard input. What ends in `.nix` is evaluated by `nix-instantiate`, which may read its directory only. The
    formats are `llama-swap`, `compose`, `docker-run`, `quadlet`,
    `llama-server-presets`, `llmhop` and `ollama`.
    """
    from remuda.cli import imports  # noqa: PLC0415 (pydantic and the engines load only here)

    if into is not None and target is not None:
        raise SpecError("cannot write to two files", hint="give `--into` or `-o`")
    made = imports.adapted(format_name, path, only)
    if not as_json:
        imports.say(made.remarks)
    imports.refuse(made, path)
    text = _text(made, f"Imported by `remuda import {format_name} {path}`.", into, force=force)
    if as_json:
        output.data(_json(made, text))
    _write(text, into, target, force=force, prints=not as_json)
    return 0


def _text(made: Adapted, comment: str, into: Path | None, *, force: bool) -> str:
    """The fleet file as it is going to be; raises SpecError for one that is not right."""
    from remuda.adapt.write import fleet_text, merged  # noqa: PLC0415
    from remuda.plan.check import check  # noqa: PLC0415

    if into is None:
        text, file = fleet_text(made, comment=comment), "the imported fleet"
    else:
        content = fleet_file.read(into).decode("utf-8-sig", "strict") if into.exists() else ""
        file = str(into)
        written = merged(content, file, made)
        if written.problems:
            raise SpecError(f"cannot import into `{into}`", file=file, problems=written.problems)
        text = written.text
    errors = [problem for problem in check(text, file).problems if problem.severity == "error"]
    if errors and not force:
        hint = "write it with `--force`, and then put it right"
        raise SpecError("the fleet would not be right yet", file=file, problems=errors, hint=hint)
    return text


def _write(text: str, into: Path | None, target: Path | None, *, force: bool, prints: bool) -> None:
    from remuda.edge import user_file  # noqa: PLC0415

    if into is not None:
        user_file.write(into, text)
        output.note(f"added to {into}")
    elif target is not None:
        user_file.make(target, text, force=force)
        output.note(f"wrote {target}")
    elif prints:
        output.line(text.removesuffix("\n"))


def _json(made: Adapted, text: str) -> dict[str, object]:
    problems = [output.problem_json(remark.problem, remark.file) for remark in made.remarks]
    return {"fleet": made.data, "text": text, "problems": problems}
