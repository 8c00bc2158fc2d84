"""`remuda apply`: the fleet as units and files where a machine looks for them."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

import click

from remuda import __version__
from remuda.cli import deploying, fleet_file, output
from remuda.cli.deploying import Where

if TYPE_CHECKING:
    from collections.abc import Mapping

    from remuda.cli.fleet_file import Loaded
    from remuda.deploy.manifest import Origin
    from remuda.deploy.tree import Tree
    from remuda.edge.deploy.deployment import Deployment, Proposal
    from remuda.edge.deploy.site import Site

_KEEP = 10
_PROGRAM_HELP = "Where Remuda is on the machine of a staging tree; otherwise where it is here."


class _How(TypedDict):
    """The options that say how to apply."""

    program: Path | None
    force: bool
    dry_run: bool
    no_start: bool
    keep: int
    as_json: bool


@click.command("apply")
@click.argument("target", metavar="TARGET")
@fleet_file.option
@deploying.where
@click.option("--remuda", "program", metavar="PATH", type=fleet_file.PATH, help=_PROGRAM_HELP)
@click.option("--force", is_flag=True, help="Replace files that were edited or are not Remuda's.")
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@click.option("--no-start", is_flag=True, help="Put files in place; start, stop and reload nothing.")
@click.option("--keep", metavar="N", type=click.IntRange(1), default=_KEEP, show_default=True, help="Generations kept.")
@click.option("--json", "as_json", is_flag=True, help="Print what is done as JSON.")
def command(target: str, file: Path | None, root: Path | None, scope: Any, **how: Unpack[_How]) -> int:
    """Put the files of TARGET where this machine looks for them, and bring its units to what they say.

    Every apply that changes something is a generation; all files change at once. Units start in order and have to come
    up: if one does not, everything goes back to what was before, and the exit code is 6. An apply that was killed is
    finished or undone by the next. What somebody edited is left alone.

    The targets are those of `remuda render`. For `llama-swap` and `llmhop` there are only files, which stay in
    `current` beside the generations.
    """
    where = Where(root=root, scope=scope)
    loaded, site = fleet_file.load(file), deploying.site_of(where)
    tree = deploying.for_scope(deploying.tree_of(target, loaded, how["program"]), site, scope)

    async def run(deployment: Deployment) -> None:
        if how["dry_run"]:
            await _dry_run(deployment, tree, site, as_json=how["as_json"])
        else:
            await _apply(deployment, tree, _origin(loaded, how["program"]), site, how)

    deploying.on(site, run, starts=root is None and not how["no_start"])
    return 0


async def _dry_run(deployment: Deployment, tree: Tree, site: Site, *, as_json: bool) -> None:
    proposal, starts_s = await deployment.propose(tree), deployment.store.starts()
    if as_json:
        output.data(deploying.as_data(proposal, site, starts_s, with_diffs=True))
        return
    for line in (*deploying.summary(proposal, site, starts_s), *deploying.diffs(proposal.change)):
        output.line(line)
    if proposal.is_empty:
        output.line(f"nothing changes: generation {proposal.applied} is what the fleet file says")


async def _apply(deployment: Deployment, tree: Tree, origin: Origin, site: Site, how: _How) -> None:
    lock = deployment.locked()
    try:
        await deployment.recover()
        proposal, starts_s = await deployment.propose(tree), deployment.store.starts()
        _announce(proposal, site, starts_s, is_quiet=how["as_json"])
        number = await deployment.apply(tree, origin, force=how["force"], keep=how["keep"])
    finally:
        lock.release()
    if how["as_json"]:
        done = deploying.as_data(proposal, site, starts_s, with_diffs=False)
        output.data({**done, "previous": proposal.applied, "generation": number})
    elif not proposal.is_empty:
        output.line(f"generation {number} is applied{_where(tree, site)}")


def _announce(proposal: Proposal, site: Site, starts_s: Mapping[str, float], *, is_quiet: bool) -> None:
    if is_quiet:
        return
    if proposal.is_empty:
        output.line(f"nothing changes: generation {proposal.applied} is what the fleet file says")
    for line in deploying.summary(proposal, site, starts_s):
        output.line(line)


def _where(tree: Tree, site: Site) -> str:
    from remuda.deploy.tree import units  # noqa: PLC0415

    return "" if units(tree) else f": its files are in {site.directory / 'current'}, for you to start what reads them"


def _origin(loaded: Loaded, program: Path | None) -> Origin:
    from remuda.deploy.manifest import Origin  # noqa: PLC0415

    made_at = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    fleet_sha256 = hashlib.sha256((loaded.text + (loaded.lock or "")).encode()).hexdigest()
    return Origin(made_at, __version__, fleet_sha256, str(program) if program else None)
