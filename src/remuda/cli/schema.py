"""`remuda schema`: the JSON schemas of the files that users write."""

from __future__ import annotations

import click

from remuda.cli import output


@click.command("schema")
@click.argument("which", metavar="[fleet | variants]", type=click.Choice(["fleet", "variants"]), default="fleet")
def command(which: str) -> None:
    """Print the JSON schema of the fleet file, or of the variants file, for editors that complete and check YAML."""
    from remuda.engines import ENGINES  # noqa: PLC0415 (pydantic loads only here)
    from remuda.spec.schema import schema, variants_schema  # noqa: PLC0415

    output.data(variants_schema() if which == "variants" else schema(ENGINES))
