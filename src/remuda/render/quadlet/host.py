"""What a machine needs beside the units, as files: users, directories, lingering, and the script that puts them there.

Subordinate ranges have no directory of files in which one could be put, so the script adds their lines. Users that
somebody else makes get only the directories that their units mount.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath

from remuda.render.quadlet import layout, prepare
from remuda.render.quadlet.account import Account
from remuda.render.quadlet.container import Unit
from remuda.spec.rules.accounts import ROOT


def files(units: Iterable[Unit]) -> Mapping[PurePosixPath, str]:
    """All files for the machine of these units."""
    owned = _owned(units)
    return {**beside(units, "quadlet"), layout.PREPARE: prepare.script(owned)} if owned else {}


def beside(units: Iterable[Unit], target: str) -> Mapping[PurePosixPath, str]:
    """The files of a target for these units, but for the script."""
    head = f"# Made by `remuda render {target}`.\n"
    found = ((path, lines) for owner, theirs in _owned(units).items() for path, lines in _of(owner, theirs))
    return {path: head + "".join(f"{line}\n" for line in lines) for path, lines in found}


def _owned(units: Iterable[Unit]) -> Mapping[Account, Sequence[Unit]]:
    """The units of each user. One that is made for an engine may be lent to others, which say less of it."""
    named: dict[str | None, list[Unit]] = defaultdict(list)
    for unit in units:
        named[unit.account.name].append(unit)
    return {max((unit.account for unit in theirs), key=_is_made): theirs for theirs in named.values()}


def _is_made(owner: Account) -> bool:
    return owner.home is not None


def _of(owner: Account, units: Sequence[Unit]) -> Iterable[tuple[PurePosixPath, list[str]]]:
    if owner.name is None:
        return
    if _is_made(owner):
        yield layout.sysusers(owner), _user(owner, units)
    if layout.directories(owner, units):
        yield layout.tmpfiles(owner), _directories(owner, units)


def _user(owner: Account, units: Sequence[Unit]) -> list[str]:
    groups = ["systemd-journal", *sorted({group for unit in units for group in unit.devices.groups})]
    return [
        f"g {owner.group} {owner.gid}",
        f'u {owner.name} {owner.uid}:{owner.group} "Language models" {owner.home} /bin/sh',
        *(f"m {owner.name} {group}" for group in groups),
    ]


def _directories(owner: Account, units: Sequence[Unit]) -> list[str]:
    mode, group = ("0755", ROOT) if owner.name == ROOT else ("0700", owner.group)
    made = [f"d {directory} {mode} {owner.name} {group}" for directory in layout.directories(owner, units)]
    lingers = [f"d {layout.LINGER} 0755 root root", f"f {layout.LINGER}/{owner.name} 0644 root root"]
    return [*made, *(lingers if _is_made(owner) else ())]
