"""Where everything belongs on a machine: units, the files that make users and directories, and the directories."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from remuda.render.quadlet.account import Account
from remuda.render.quadlet.container import Unit, cache
from remuda.spec.unit import unit_name

PREPARE = PurePosixPath("prepare")
LINGER = "/var/lib/systemd/linger"


def container(unit: Unit) -> PurePosixPath:
    """The file of a unit."""
    return unit.account.units / f"{unit_name(unit.model)}.container"


def sysusers(owner: Account) -> PurePosixPath:
    """The file that makes a user."""
    return PurePosixPath(f"etc/sysusers.d/remuda-{owner.name}.conf")


def tmpfiles(owner: Account) -> PurePosixPath:
    """The file that makes the directories of a user."""
    return PurePosixPath(f"etc/tmpfiles.d/remuda-{owner.name}.conf")


def directories(owner: Account, units: Sequence[Unit]) -> tuple[str, ...]:
    """What has to be there before the units start: the home of a user that is ours, and all caches."""
    caches = {directory for unit in units if (directory := cache(unit)) is not None}
    return (*([owner.home] if owner.home is not None else ()), *sorted(caches))
