"""`remuda logs`: what a model's engine printed. `-f` follows here, as everywhere else that logs are shown."""

from __future__ import annotations

from pathlib import Path

import click

from remuda.cli import fleet_file, output, running


@click.command("logs")
@click.argument("model")
@click.option("--file", type=fleet_file.PATH, metavar="FILE", help=running.HELP)
@click.option("-f", "--follow", is_flag=True, help="Go on with what is printed from now on.")
@click.option("--attempt", type=click.IntRange(min=1), metavar="N", help="Of the attempt with this number.")
@click.option("--previous", is_flag=True, help="Of the attempt before the last one.")
@click.option("-n", "--lines", default=100, show_default=True, type=click.IntRange(min=0), help="So many last lines.")
def command(model: str, file: Path | None, lines: int, attempt: int | None, **switches: bool) -> None:
    """Show the log of the engine of MODEL, of the last attempt to run it; each start is one."""
    from remuda.edge.control_client import model_path  # noqa: PLC0415

    if attempt and switches["previous"]:
        raise click.UsageError("expected `--attempt` or `--previous`, not both")
    which = attempt or (-1 if switches["previous"] else 0)
    path = model_path(model, "logs")
    parameters = {"lines": str(lines), "follow": str(switches["follow"]).lower(), "attempt": str(which)}
    for chunk in running.daemon(file).stream(path, **parameters):
        output.raw(chunk)
