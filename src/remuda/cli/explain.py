"""`remuda explain`: what would happen if a model were asked for now."""

from __future__ import annotations

from pathlib import Path

import click

from remuda.cli import output, running


@click.command("explain")
@click.argument("model")
@running.option
@click.option("--json", "as_json", is_flag=True, help="Print the explanation as JSON.")
def command(file: Path | None, model: str, *, as_json: bool) -> None:
    """Say what would be evicted for MODEL now, or what blocks it. Nothing is changed."""
    found = running.daemon(file).get("/api/explain", model=model)
    if as_json:
        output.data(found)
        return
    for reason in found["reasons"]:
        output.line(reason)
