"""`remuda load`: start a model's engine before anybody asks for it."""

from __future__ import annotations

from pathlib import Path

import click

from remuda.cli import output, running


@click.command("load")
@click.argument("models", nargs=-1, required=True, metavar="MODEL...")
@running.option
@click.option("--json", "as_json", is_flag=True, help="Print the loaded models as JSON.")
def command(file: Path | None, models: tuple[str, ...], *, as_json: bool) -> None:
    """Load models now, one after the other, and wait until each can serve."""
    from remuda.edge.control_client import model_path  # noqa: PLC0415

    api = running.daemon(file)
    loaded = []
    for model in models:
        loaded.append(api.post(model_path(model, "load")))
        output.note(f"{model}: ready at {loaded[-1]['address']}")
    if as_json:
        output.data({"models": loaded})
