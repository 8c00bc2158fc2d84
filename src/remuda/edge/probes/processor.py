"""Processors, memory and the limits on both, from `/proc` and `/sys`."""

from __future__ import annotations

from msgspec.structs import replace

from remuda.edge.probes.limits import Files
from remuda.errors import ProbeError
from remuda.facts.cpu import Cpu, NumaNode
from remuda.facts.device import Device
from remuda.facts.parse import cgroup, cpuinfo, meminfo, numa
from remuda.facts.parse.cgroup import Groups

_NODES = "sys/devices/system/node"


def cpu(files: Files, architecture: str) -> Cpu:
    """The processors. Raises ValueError."""
    text = files.text("proc/cpuinfo")
    found = cpuinfo.cpu(text, architecture) if text else Cpu(architecture, architecture, threads=0)
    return replace(found, numa=_numa(files), quota=_quota(files, _groups(files)))


def machine_memory(files: Files) -> Device:
    """The device `cpu`: no more of the memory than control groups allow. Raises ProbeError."""
    text = files.text("proc/meminfo")
    if text is None:
        raise ProbeError("cannot tell how much memory this machine has: /proc/meminfo is not there")
    try:
        device = meminfo.cpu(text)
    except (KeyError, ValueError) as error:
        message = f"cannot tell how much memory this machine has from /proc/meminfo: {error!r}"
        raise ProbeError(message) from error
    for limit, held in _memory_limits(files, _groups(files)):
        total = min(device.total_bytes, limit)
        device = replace(device, total_bytes=total, free_bytes=max(0, min(device.free_bytes, limit - held)))
    return device


def memory_limit_bytes(files: Files) -> int | None:
    """What control groups allow this process; None without a limit."""
    return min((limit for limit, _ in _memory_limits(files, _groups(files))), default=None)


def cgroup_version(files: Files) -> int | None:
    """The version of control groups; None without any."""
    groups = _groups(files)
    return groups.version if groups else None


def _groups(files: Files) -> Groups | None:
    text = files.text("proc/self/cgroup")
    return cgroup.groups(text) if text else None


def _memory_limits(files: Files, groups: Groups | None) -> list[tuple[int, int]]:
    """The limit of each group that has one, and what is held there."""
    found = []
    limit_file, usage_file = (
        ("memory.max", "memory.current")
        if groups is None or groups.version > 1
        else ("memory.limit_in_bytes", "memory.usage_in_bytes")
    )
    for folder in groups.memory if groups else ():
        limit = cgroup.limit_bytes(files.text(f"{folder}/{limit_file}") or "max")
        if limit is not None:
            usage, stat = files.text(f"{folder}/{usage_file}") or "0", files.text(f"{folder}/memory.stat") or ""
            found.append((limit, cgroup.held_bytes(usage, stat)))
    return found


def _quota(files: Files, groups: Groups | None) -> float | None:
    quotas = []
    for folder in groups.cpu if groups else ():
        text = files.text(f"{folder}/cpu.max")
        if text is None:
            allowed, period = (files.text(f"{folder}/cpu.cfs_{name}_us") for name in ("quota", "period"))
            text = f"{allowed} {period}" if allowed and period else None
        quotas.append(cgroup.quota(text) if text else None)
    return min((quota for quota in quotas if quota is not None), default=None)


def _numa(files: Files) -> tuple[NumaNode, ...]:
    numbers = sorted(int(name[4:]) for name in files.names(_NODES) if name[:4] == "node" and name[4:].isdigit())
    return tuple(
        numa.node(
            number,
            files.text(f"{_NODES}/node{number}/cpulist") or "",
            files.text(f"{_NODES}/node{number}/meminfo") or "",
        )
        for number in numbers
    )
