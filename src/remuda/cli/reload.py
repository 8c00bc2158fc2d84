"""`remuda reload`: apply an edited fleet file to the running daemon, by difference."""

from __future__ import annotations

from pathlib import Path

import click

from remuda.cli import output, running


@click.command("reload")
@running.option
@click.option("--json", "as_json", is_flag=True, help="Print what came of it as JSON.")
def command(file: Path | None, *, as_json: bool) -> None:
    """Apply the fleet file as it is now.

    Engines that it does not change go on undisturbed; changed ones finish their requests and start anew, removed ones
    finish theirs and go. A file with a mistake changes nothing.
    """
    outcome = running.daemon(file).post("/api/reload")
    if as_json:
        output.data(outcome)
        return
    output.note(f"in force: {outcome['keys']} keys, {outcome['routes']} routes, {outcome['models']} models")
    for what in ("added", "changed", "removed"):
        for model in outcome[what]:
            output.note(f"models.{model}: {what}")
    for place in outcome["needs_restart"]:
        output.note(f"{place}: changed, and not in force before `remuda restart`")
