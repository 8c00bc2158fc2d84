"""`remuda schema`: the JSON schema of the fleet file."""

from __future__ import annotations

import click

from remuda.cli import output


@click.command("schema")
def command() -> None:
    """Print the JSON schema of the fleet file, for editors that complete and check YAML."""
    from remuda.engines import ENGINES  # noqa: PLC0415 (pydantic loads only here)
    from remuda.spec.schema import schema  # noqa: PLC0415

    output.data(schema(ENGINES))
