"""The operating system, the user, the device files and the disks."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from remuda.edge.probes.limits import Files, Round
from remuda.edge.probes.machine import Machine
from remuda.edge.probes.processor import cgroup_version, memory_limit_bytes
from remuda.facts.disk import Disk
from remuda.facts.parse import accounts, mountinfo, os_release
from remuda.facts.system import Shell, System, User

_DISK_LIMIT_S = 1.0
_LINGER = "var/lib/systemd/linger"


def system(files: Files, machine: Machine) -> System:
    """What runs on the machine, but for the drivers of GPUs."""
    kernel = files.line("proc/sys/kernel/osrelease")
    distribution = files.text("etc/os-release") or files.text("usr/lib/os-release")
    return System(
        kernel=kernel,
        distribution=os_release.title(distribution) if distribution else None,
        libc=machine.libc(),
        surroundings=_shell(files, kernel or ""),
        cgroups=cgroup_version(files),
        memory_limit_bytes=memory_limit_bytes(files),
        has_systemd=files.has("run/systemd/system"),
    )


def user(files: Files, machine: Machine) -> User:
    """Who asks."""
    uid, gids = machine.identity()
    name = accounts.names(files.text("etc/passwd") or "").get(uid, str(uid))
    groups = accounts.names(files.text("etc/group") or "")
    return User(
        uid=uid,
        name=name,
        groups=tuple(groups.get(gid, str(gid)) for gid in gids),
        subuids=accounts.subordinate(files.text("etc/subuid") or "", uid, name),
        subgids=accounts.subordinate(files.text("etc/subgid") or "", uid, name),
        lingers=files.has(f"{_LINGER}/{name}") if files.has("run/systemd/system") else None,
    )


def disks(files: Files, machine: Machine) -> tuple[Disk, ...]:
    """The file systems. Each is asked by itself, for one over a network may never answer."""
    mounted = mountinfo.disks(files.text("proc/self/mountinfo") or "")
    asking = Round(machine.root, _DISK_LIMIT_S)
    pending = [asking.start(f"disk {disk.mount}", _space(machine, disk.mount)) for disk in mounted]
    sizes = [asking.result(one, None) for one in pending]
    files.findings.extend(asking.findings)
    return tuple(
        replace(disk, total_bytes=size[0], free_bytes=size[1]) if size else disk
        for disk, size in zip(mounted, sizes, strict=True)
    )


def _space(machine: Machine, mount: str) -> Callable[[Files], tuple[int, int] | None]:
    return lambda _: machine.space(mount)


def _shell(files: Files, kernel: str) -> Shell:
    if "microsoft" in kernel.lower():
        return "wsl"
    is_contained = files.has("run/.containerenv") or files.has(".dockerenv") or files.has("run/systemd/container")
    return "container" if is_contained else "none"
