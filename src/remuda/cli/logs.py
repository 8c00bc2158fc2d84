"""`remuda logs`: what a model's engine printed. `-f` follows here, as everywhere else that logs are shown."""

from __future__ import annotations

from pathlib import Path

import click

from remuda.cli import fleet_file, output, running


@click.command("logs")
@click.argument("model")
@click.option("--file", type=fleet_file.PATH, metavar="FILE", help=running.HELP)
@click.option("-f", "--follow", is_flag=True, help="Go on with what is printed from now on.")
@click.option("-n", "--lines", default=100, show_default=True, type=click.IntRange(min=0), help="So many last lines.")
def command(model: str, file: Path | None, lines: int, *, follow: bool) -> None:
    """Show the log of the engine of MODEL."""
    from remuda.edge.control_client import model_path  # noqa: PLC0415

    path = model_path(model, "logs")
    for chunk in running.daemon(file).stream(path, lines=str(lines), follow=str(follow).lower()):
        output.raw(chunk)
