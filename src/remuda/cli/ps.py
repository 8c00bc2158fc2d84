"""`remuda ps`: what is running."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from remuda.cli import output, running


@click.command("ps")
@running.option
@click.option("--json", "as_json", is_flag=True, help="Print everything that is known, as JSON.")
def command(file: Path | None, *, as_json: bool) -> None:
    """Show every model of the running daemon with its state."""
    answer = running.daemon(file).get("/api/models")
    if as_json:
        output.data(answer)
    else:
        output.table(("MODEL", "STATE", "FOR", "REQUESTS", "DEVICES", "ADDRESS"), _rows(answer["models"]))


def _rows(models: Sequence[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    return [
        (
            model["id"],
            _state(model),
            _age(model["since_s"]),
            _requests(model["in_flight"], model["waiting"]),
            ",".join(model["devices"]) or "-",
            model["address"] or model["progress"] or model["waiting_for"] or _failure(model) or "-",
        )
        for model in models
    ]


def _state(model: Mapping[str, Any]) -> str:
    return "failed" if model["state"] == "stopped" and model["failure"] else str(model["state"]).replace("_", " ")


def _failure(model: Mapping[str, Any]) -> str | None:
    """Why it failed, and what that means for the next request."""
    if not model["failure"]:
        return None
    again = ""
    if model["is_given_up"]:
        again = f"failed {_times(model['failures'])}, given up until `remuda load`: "
    elif model["retry_in_s"]:
        again = f"failed {_times(model['failures'])}, not tried again for {model['retry_in_s']:.0f} s: "
    return f"{again}{model['failure']}"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _requests(in_flight: int, waiting: int) -> str:
    return f"{in_flight} + {waiting} waiting" if waiting else str(in_flight)


def _age(seconds: float | None) -> str:
    """The largest unit that fits, as `ps` and `docker ps` do: a person looks for minutes or days."""
    if seconds is None:
        return "-"
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= size:
            return f"{int(seconds / size)}{unit}"
    return f"{int(seconds)}s"
