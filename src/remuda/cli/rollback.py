"""`remuda rollback`: back to what was applied before."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from remuda.cli import deploying, output
from remuda.cli.deploying import Where

if TYPE_CHECKING:
    from remuda.edge.deploy.deployment import Deployment


@click.command("rollback")
@click.argument("number", metavar="[N]", type=click.IntRange(1), required=False)
@deploying.where
@click.option("--force", is_flag=True, help="Replace files that were edited or are not Remuda's.")
@click.option("--no-start", is_flag=True, help="Put files in place; start, stop and reload nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print what is done as JSON.")
def command(  # noqa: PLR0913 (one for each option)
    number: int | None, root: Path | None, scope: Any, *, force: bool, no_start: bool, as_json: bool
) -> int:
    """Make generation N the applied one, or else the last one before the current that did not fail.

    Its files and units are as they were then; an engine whose unit is the same goes on. The generations stay, so that
    it can be gone forward again: `remuda rollback N` with a higher number.
    """
    site = deploying.site_of(Where(root=root, scope=scope))

    async def run(deployment: Deployment) -> None:
        lock = deployment.locked()
        try:
            await deployment.recover()
            generation, starts_s = deployment.earlier(number), deployment.store.starts()
            proposal = await deployment.propose(generation.tree)
            for line in () if as_json else deploying.summary(proposal, site, starts_s):
                output.line(line)
            await deployment.rollback(generation, force=force)
        finally:
            lock.release()
        if as_json:
            done = deploying.as_data(proposal, site, starts_s, with_diffs=False)
            output.data({**done, "previous": proposal.applied, "generation": generation.number})
        else:
            output.line(f"generation {generation.number} is applied")

    deploying.on(site, run, starts=root is None and not no_start)
    return 0
