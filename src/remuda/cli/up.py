"""`remuda up`: the gateway and everything behind it, in the foreground or in the background."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from remuda.cli import fleet_file, output
from remuda.errors import SpecError

if TYPE_CHECKING:
    from typing import Unpack

    from remuda.cli.foreground import Wanted


@click.command("up")
@fleet_file.option
@click.option(
    "--from",
    "origin",
    nargs=2,
    metavar="FORMAT PATH",
    help="Serve another program's configuration, as `remuda import` reads it.",
)
@click.option("--only", multiple=True, metavar="MODEL", help="Serve only this model; may be given again.")
@click.option("--listen", metavar="HOST:PORT", help="Listen here instead of where the file says.")
@click.option("--watch", "watches", is_flag=True, help="Apply every edit of the file by itself.")
@click.option("--detach", "how", flag_value="detach", help="Serve in the background; return once it serves.")
@click.option("--dry-run", "how", flag_value="dry-run", help="Say whether it could be served, and start nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print what --detach or --dry-run says as JSON.")
def command(
    file: Path | None, how: str | None, origin: tuple[str, str] | None, *, as_json: bool, **wanted: Unpack[Wanted]
) -> int:
    """Serve the models of the fleet at one address, until interrupted.

    An engine is started when its model is first asked for. Ctrl-C finishes the requests in flight and stops every
    engine; a second one does not wait. SIGHUP applies the edited file where there is no terminal.

    With --detach the daemon goes on without a terminal, until `remuda down`.
    """
    from remuda.cli import background  # noqa: PLC0415 (uvloop and the daemon load only here)
    from remuda.cli.foreground import job_of, serve  # noqa: PLC0415

    if file == fleet_file.STDIN:
        raise SpecError("cannot serve a fleet from standard input", hint="name a file: what runs is known by it")
    if as_json and how is None:
        raise SpecError("cannot print what a daemon does as JSON", hint="add --detach or --dry-run to `--json`")
    if origin is not None:
        from remuda.cli.imports import written  # noqa: PLC0415

        if file is not None:
            raise SpecError("cannot serve two fleets", hint="give `-f` or `--from`")
        file = written(origin[0], Path(origin[1]))
    loaded = fleet_file.load(file)
    if loaded.warnings:
        output.note(f"{loaded.path}: {len(loaded.warnings)} warnings, which `remuda check` shows")
    job = job_of(loaded, **wanted)
    match how:
        case "detach":
            return background.detach(job, as_json=as_json)
        case "dry-run":
            return background.try_out(loaded, job, as_json=as_json)
        case _:
            return serve(loaded, job)
