"""`remuda reload`: apply an edited fleet file, as far as no engine has to be touched."""

from __future__ import annotations

from pathlib import Path

import click

from remuda.cli import output, running


@click.command("reload")
@running.option
@click.option("--json", "as_json", is_flag=True, help="Print what came of it as JSON.")
def command(file: Path | None, *, as_json: bool) -> None:
    """Apply keys, routes, limits and the certificate of the fleet file as it is now.

    Requests in flight are not disturbed. What an engine was started with changes at the next `remuda up` only, and is
    named; a file with a mistake changes nothing.
    """
    outcome = running.daemon(file).post("/api/reload")
    if as_json:
        output.data(outcome)
        return
    output.note(f"in force: {outcome['keys']} keys, {outcome['routes']} routes, {outcome['models']} models")
    for place in outcome["needs_restart"]:
        output.note(f"{place}: changed, and not in force before the next `remuda up`")
