"""What the machine needs beside the units: users, directories, and the leave to manage these units and no others."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from remuda.quoting.systemd import setting
from remuda.render.systemd import gateway
from remuda.render.systemd.device import NVIDIA
from remuda.render.systemd.native import Native

SYSUSERS = PurePosixPath("etc/sysusers.d/remuda.conf")
TMPFILES = PurePosixPath("etc/tmpfiles.d/remuda.conf")
MODULES = PurePosixPath("etc/modules-load.d/remuda.conf")
POLKIT = PurePosixPath("etc/polkit-1/rules.d/50-remuda.rules")

_HEAD = "# Made by `remuda render systemd`.\n"
_RULE = """\
// Made by `remuda render systemd`. The gateway may manage the units of its models, and nothing else.
var units = {units};
var verbs = ["start", "stop", "restart", "kill", "reset-failed"];

polkit.addRule(function (action, subject) {{
    if (
        action.id == "org.freedesktop.systemd1.manage-units" &&
        subject.user == "{user}" &&
        units.indexOf(action.lookup("unit")) >= 0 &&
        verbs.indexOf(action.lookup("verb")) >= 0
    ) {{
        return polkit.Result.YES;
    }}
}});
"""


def files(natives: Sequence[Native], services: Sequence[str]) -> Iterator[tuple[PurePosixPath, str]]:
    """The files of a machine whose own manager runs the fleet; `services` are the units of all models."""
    yield SYSUSERS, _HEAD + "".join(f"{text}\n" for text in _users(natives))
    made = sorted({text for native in natives if (text := _directory(native))})
    if made:
        yield TMPFILES, _HEAD + "".join(f"{text}\n" for text in made)
    if any(NVIDIA in native.devices.allowed for native in natives):
        # Its class has to be there when a unit starts; the program that would load it on demand needs privileges.
        yield MODULES, f"{_HEAD}nvidia-uvm\n"
    if services:
        listed = json.dumps([f"{name}.service" for name in sorted(services)], indent=4)
        yield POLKIT, _RULE.format(units=listed, user=gateway.USER)


def _users(natives: Sequence[Native]) -> Iterator[str]:
    yield f'u {gateway.USER} - "Gateway to language models" /var/lib/remuda'
    caches = {native.user: str(native.cache) for native in natives}
    for user, cache in sorted(caches.items()):
        yield f'u {user} - "Language models" {setting(cache)}'
    if any(native.devices.allowed for native in natives):
        yield "g render -"
        yield "g video -"


def _directory(native: Native) -> str | None:
    """The line that makes a cache which systemd does not make by itself."""
    if native.has_own_cache:
        return None
    return f"d {setting(str(native.cache))} 0750 {native.user} {native.user}"
