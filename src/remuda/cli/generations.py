"""`remuda generations`: what was applied here, and when."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from remuda.cli import deploying, output
from remuda.cli.deploying import Where

if TYPE_CHECKING:
    from collections.abc import Mapping

    from remuda.edge.deploy.store import Store


@click.command("generations")
@deploying.where
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
def command(root: Path | None, scope: Any, *, as_json: bool) -> int:
    """Show the generations that are kept, the newest first; a star marks the one that is applied."""
    from remuda.edge.deploy.disk import Disk  # noqa: PLC0415
    from remuda.edge.deploy.store import Store  # noqa: PLC0415

    site = deploying.site_of(Where(root=root, scope=scope))
    store = Store(site.directory, Disk())
    found = [_row(store, number) for number in reversed(store.numbers())]
    if as_json:
        output.data({"directory": str(site.directory), "generations": found})
        return 0
    if found:
        output.table(("", "GENERATION", "TARGET", "MADE", "FILES", "MODELS", ""), map(_cells, found))
    else:
        output.line(f"nothing was applied for the {site.scope} yet")
    if (journal := store.journal()) is not None:
        output.note(f"the deployment of generation {journal.after} is under way, or was interrupted")
    return 0


def _row(store: Store, number: int) -> Mapping[str, Any]:
    written = store.manifest(number)
    return {
        "generation": number,
        "current": number == store.current(),
        "target": written.target,
        "made_at": written.made_at,
        "remuda": written.remuda,
        "fleet_sha256": written.fleet_sha256,
        "files": sorted(written.files),
        "models": sorted(written.models.values()),
        "failed": store.failed(number),
    }


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    sizes = (str(len(row["files"])), str(len(row["models"])))
    marked, failed = "*" if row["current"] else "", f"failed: {row['failed'].splitlines()[0]}" if row["failed"] else ""
    return (marked, str(row["generation"]), row["target"], row["made_at"], *sizes, failed)
