"""`remuda unload`: take models out of memory."""

from __future__ import annotations

from pathlib import Path

import click

from remuda.cli import output, running


@click.command("unload")
@click.argument("models", nargs=-1, required=True, metavar="MODEL...")
@running.option
@click.option("--kill", is_flag=True, help="Do not wait for requests in flight: end them.")
@click.option("--json", "as_json", is_flag=True, help="Print the models as JSON.")
def command(file: Path | None, models: tuple[str, ...], *, kill: bool, as_json: bool) -> None:
    """Stop the engines of models; requests in flight are finished first."""
    from remuda.edge.control_client import model_path  # noqa: PLC0415

    api = running.daemon(file)
    unloaded = []
    for model in models:
        unloaded.append(api.post(model_path(model, "unload"), kill=str(kill).lower()))
        output.note(f"{model}: {unloaded[-1]['state']}")
    if as_json:
        output.data({"models": unloaded})
