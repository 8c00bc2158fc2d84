"""`remuda sync`: what upstream recipes have become, and the fleet after them."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import click

from remuda.cli import fleet_file, output
from remuda.errors import SpecError, UnsatisfiableError

if TYPE_CHECKING:
    from remuda.edge.sync import Found, Wanted


@click.command("sync")
@fleet_file.option
@click.argument("models", metavar="[MODEL]...", nargs=-1)
@click.option("--check", "only_looks", is_flag=True, help="Write nothing; the exit code is 3 if a sync would.")
@click.option("--keep", is_flag=True, help="Where a model's own key and upstream have both changed, stay with the own.")
@click.option("--offline", is_flag=True, help="Go by what was fetched before.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def command(  # noqa: PLR0913 (one for each option)
    file: Path | None, models: tuple[str, ...], *, only_looks: bool, keep: bool, offline: bool, as_json: bool
) -> int:
    """Take over what the recipes of models with a `source` have become, and report it.

    What a recipe gives goes into `remuda.lock` beside the fleet file, the files that it mounts into `remuda.upstream`;
    in the fleet file only the path of a recipe is changed, if upstream has moved it. Nothing of an upstream is run
    here. Its steps and patches are run by the container later: read the report.

    A value that a model sets itself and that has changed upstream since is a conflict: nothing is written, and the exit
    code is 3. Take out the own key to have upstream's value, or add --keep.
    """
    from remuda.edge.sync import Wanted, look, write  # noqa: PLC0415 (git and the adapters load only here)
    from remuda.edge.upstreams import locked  # noqa: PLC0415

    path = fleet_file.find(file)
    if path == fleet_file.STDIN:
        raise SpecError("cannot sync a fleet from standard input", hint="name a file: its lock is beside it")
    content = fleet_file.read(path)
    wanted = Wanted(path, content, frozenset(models), offline)
    with contextlib.nullcontext() if only_looks else locked(path.parent.absolute()):
        found = look(wanted)
        _refuse(found)
        _report(found, as_json=as_json)
        if only_looks:
            return UnsatisfiableError.exit_code if found.has_drifted else 0
        _refuse_conflicts(found, keep=keep)
        removed = write(wanted, found)
    if not as_json:
        _say(wanted, found, removed)
    return 0


def _refuse(found: Found) -> None:
    for remark in found.problems:
        output.remark([remark.problem], remark.file)
    count = len(found.problems)
    if count:
        raise SpecError(f"cannot sync: {count} problem{'s' if count > 1 else ''} upstream; nothing is written")


def _report(found: Found, *, as_json: bool) -> None:
    from remuda.adapt.sync.report import as_data, lines  # noqa: PLC0415

    if as_json:
        output.data({"drift": found.has_drifted, "models": [as_data(told) for told in found.told]})
        return
    for told in found.told:
        for line in lines(told):
            output.line(line)


def _refuse_conflicts(found: Found, *, keep: bool) -> None:
    count = sum(len(told.overlay.conflicts) for told in found.told)
    if count and not keep:
        message = f"cannot sync: {count} conflict{'s' if count > 1 else ''}; nothing is written"
        hint = "take out the model's own key to have upstream's value, or add `--keep` to stay with the own"
        raise UnsatisfiableError(message, hint=hint)


def _say(wanted: Wanted, found: Found, removed: tuple[str, ...]) -> None:
    if not found.told:
        output.note("no model has a `source`")
    if any(told.before != told.after for told in found.told):
        output.note(f"wrote {wanted.file.with_suffix('.lock')}")
    if found.edited != found.text:
        output.note(f"wrote {wanted.file}: paths of moved recipes")
    for folder in removed:
        output.note(f"removed {folder}")
