"""The script that puts a rendering in place, as `remuda.render.quadlet.prepare` does for containers alone."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import PurePosixPath

from remuda.quoting.shell import joined, quoted
from remuda.render.quadlet import prepare
from remuda.render.quadlet.account import Account
from remuda.render.quadlet.container import Unit
from remuda.render.systemd import gateway, host
from remuda.render.systemd.native import Native
from remuda.render.systemd.service_manager import Manager
from remuda.spec.rules.accounts import ROOT

_ENABLED = (f"{gateway.NAME}.socket", f"{gateway.NAME}.service")


def script(
    manager: Manager, natives: Sequence[Native], containers: Sequence[Unit], files: Collection[PurePosixPath]
) -> str:
    """The script; `files` are all others than those of containers."""
    lines = [*(_machine if manager.is_system else _own)(natives, containers, sorted(files))]
    has_secrets = any(unit.values.secrets for unit in containers)
    if manager.is_system:
        return prepare.assembled("systemd", prepare.Steps(machine=lines, has_secrets=has_secrets))
    return prepare.assembled("systemd", prepare.Steps(own=lines, has_secrets=has_secrets))


def _machine(natives: Sequence[Native], containers: Sequence[Unit], files: Sequence[PurePosixPath]) -> Iterator[str]:
    yield from map(prepare.put, files)
    for user in sorted({gateway.USER, *(native.user for native in natives)}):
        yield f"id -u {user} >/dev/null 2>&1 || run systemd-sysusers /{host.SYSUSERS}"
    for cache in sorted({str(native.cache) for native in natives if not native.has_own_cache}):
        yield f"[ -d {quoted(cache)} ] || run systemd-tmpfiles --create /{host.TMPFILES}"
    if host.MODULES in files:
        yield "[ -d /sys/module/nvidia_uvm ] || run modprobe nvidia-uvm"
    if containers:
        yield from prepare.machine_steps(Account(ROOT), containers)
    yield _next(("systemctl",))


def _own(natives: Sequence[Native], containers: Sequence[Unit], files: Sequence[PurePosixPath]) -> Iterator[str]:
    for cache in sorted({native.cache for native in natives if native.cache is not None}):
        yield f"[ -d {quoted(cache)} ] || run mkdir -p -- {quoted(cache)}"
    yield from prepare.own_steps(containers, files)
    yield _next(("systemctl", "--user"))


def _next(manager: Sequence[str]) -> str:
    """What to do then. The models are the gateway's to start."""
    reload, enable = joined((*manager, "daemon-reload")), joined((*manager, "enable", "--now", *_ENABLED))
    return joined(("echo", f"then: {reload} && {enable}"))
