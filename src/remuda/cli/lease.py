"""`remuda lease`: hold on to a model for a while."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import click

from remuda.cli import output, running


@click.command("lease")
@click.argument("model", required=False)
@running.option
@click.option(
    "--ttl", default="10m", show_default=True, metavar="TIME", help="For how long; `never`: until it is ended."
)
@click.option("--end", metavar="LEASE", help="Give a lease back instead.")
@click.option("--json", "as_json", is_flag=True, help="Print the leases as JSON.")
def command(file: Path | None, model: str | None, ttl: str, end: str | None, *, as_json: bool) -> None:
    """Keep MODEL from being evicted, or stopped by its ttl; without MODEL, show every lease.

    A lease loads nothing by itself, and ends with the daemon.
    """
    if model and end:
        raise click.UsageError("expected MODEL or `--end LEASE`, not both")
    api = running.daemon(file)
    if model:
        leases = [api.post("/api/leases", model=model, ttl=ttl)]
    elif end:
        leases = [api.delete(f"/api/leases/{quote(end, safe='')}")]
    else:
        leases = api.get("/api/leases")["leases"]
    if as_json:
        output.data({"leases": leases})
        return
    rows = [(lease["lease"], lease["model"], _left(lease["remaining_s"])) for lease in leases]
    output.table(("LEASE", "MODEL", "LEFT"), rows)


def _left(remaining_s: float | None) -> str:
    return "until it is ended" if remaining_s is None else f"{remaining_s:.0f} s"
