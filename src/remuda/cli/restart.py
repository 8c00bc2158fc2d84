"""`remuda restart`: a fresh daemon in the place of the running one, with the engines staying up."""

from __future__ import annotations

from pathlib import Path

import click

from remuda.cli import output, running
from remuda.errors import EffectError


@click.command("restart")
@running.option
@click.option("--json", "as_json", is_flag=True, help="Print the fresh daemon as JSON.")
def command(file: Path | None, *, as_json: bool) -> None:
    """Replace the daemon by a fresh one, as after an upgrade, and wait until that serves.

    Engines stay up, and nobody is refused: requests in flight are finished first, and who connects meanwhile waits.
    What the fresh one would refuse to begin with is said, and changes nothing.
    """
    api = running.daemon(file)
    api.hold("/api/restart")
    try:
        status = api.get("/api/status")
    except EffectError as error:
        message = "the daemon has ended, and a fresh one did not come up"
        raise EffectError(message, hint="read its log, and use `remuda up`, which takes over the engines") from error
    if as_json:
        output.data(status)
    else:
        output.note(f"remuda {status['version']} serves at {status['url']}/v1 with pid {status['pid']}")
