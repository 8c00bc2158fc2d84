"""Whose a unit is, and where its files go.

Three kinds: the units of a user of their own, which is llmhop's rootless way and needs a number; those of the system;
and those of whoever installs them. Podman's generator reads the units of a user whom an administrator cares for in a
directory named after its number.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from remuda.spec.engine import EngineDefaults
from remuda.spec.rules.accounts import ROOT

_SYSTEM = PurePosixPath("etc/containers/systemd")
_OWN = PurePosixPath("config/containers/systemd")


@dataclass(frozen=True, slots=True)
class Subordinate:
    """A range of the host's numbers that stand for those in containers."""

    start: int
    count: int


@dataclass(frozen=True, slots=True)
class Account:
    """A user. `uid` is None for the system and for whoever installs the units, whose `name` is None as well.

    `home` and the ranges are None for a user that somebody else makes.
    """

    name: str | None
    group: str | None = None
    uid: int | None = None
    gid: int | None = None
    home: str | None = None
    uids: Subordinate | None = None
    gids: Subordinate | None = None

    @property
    def units(self) -> PurePosixPath:
        """The directory of its units."""
        if self.uid is not None:
            return _SYSTEM / "users" / str(self.uid)
        return _OWN if self.name is None else _SYSTEM

    @property
    def wanted_by(self) -> str:
        """What starts its units at boot."""
        return "multi-user.target" if self.name == ROOT else "default.target"

    def cache(self, engine: str, given: str | None) -> str:
        """The cache directory as a unit writes it; `%h` is the home of whoever installs it."""
        if given is None and self.name is None:
            return f"%h/.cache/{'huggingface' if engine in ('vllm', 'sglang') else engine}"
        return given or f"/var/cache/{engine}"


def account(engine: str, defaults: EngineDefaults) -> Account:
    """The user of an engine's units."""
    if defaults.user == ROOT:
        return Account(ROOT)
    if defaults.uid is None:
        return Account(None)
    name = defaults.user or engine
    gid = defaults.uid if defaults.gid is None else defaults.gid
    shared = Account(name, group=defaults.group or name, uid=defaults.uid, gid=gid)
    if name != engine or defaults.sub_uid_start is None:
        return shared
    start, count = defaults.sub_uid_start, defaults.sub_uid_count
    gid_start = start if defaults.sub_gid_start is None else defaults.sub_gid_start
    return Account(
        name,
        group=shared.group,
        uid=shared.uid,
        gid=gid,
        home=defaults.data_dir or f"/var/lib/{name}",
        uids=Subordinate(start, count),
        gids=Subordinate(gid_start, defaults.sub_gid_count or count),
    )
