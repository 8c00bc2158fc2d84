"""`remuda up`: the gateway and everything behind it, in the foreground."""

from __future__ import annotations

from pathlib import Path

import click

from remuda.cli import fleet_file, output
from remuda.errors import SpecError


@click.command("up")
@fleet_file.option
@click.option("--only", multiple=True, metavar="MODEL", help="Serve only this model; may be given again.")
@click.option("--listen", metavar="HOST:PORT", help="Listen here instead of where the file says.")
@click.option("--watch", is_flag=True, help="Apply every edit of the file by itself.")
def command(file: Path | None, only: tuple[str, ...], listen: str | None, *, watch: bool) -> int:
    """Serve the models of the fleet at one address, until interrupted.

    An engine is started when its model is first asked for. Ctrl-C finishes the requests in flight and stops every
    engine; a second one does not wait. SIGHUP applies the edited file where there is no terminal.
    """
    from remuda.cli.foreground import narrowed, serve  # noqa: PLC0415 (uvloop and the daemon load only here)

    if file == fleet_file.STDIN:
        raise SpecError("cannot serve a fleet from standard input", hint="name a file: what runs is known by it")
    loaded = fleet_file.load(file)
    if loaded.warnings:
        output.note(f"{loaded.path}: {len(loaded.warnings)} warnings, which `remuda check` shows")
    return serve(loaded, only=narrowed(loaded.fleet, only), listen=listen, watches=watch)
