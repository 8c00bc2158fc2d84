"""Finds the running daemon that a verb is meant for.

With `-f FILE` it is that file's; without, the one of the fleet file in the usual places if it runs, else the only one
that runs at all.
"""

from __future__ import annotations

from pathlib import Path

import click

from remuda.cli import fleet_file
from remuda.edge.control_client import ControlClient, find
from remuda.edge.paths import places

HELP = "Fleet file of the daemon; otherwise the one that is running."

option = click.option("-f", "--file", type=fleet_file.PATH, metavar="FILE", help=HELP)
"""The option `-f/--file` of a verb that talks to a daemon: a `Path`, or None."""


def daemon(file: Path | None) -> ControlClient:
    """The daemon's API; raises EffectError when there is none, or more than one to choose from."""
    if file is None:
        usual = fleet_file.usual()
        file = usual if usual and places(usual).socket.exists() else None
    return find(file)
