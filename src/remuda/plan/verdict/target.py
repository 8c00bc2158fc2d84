"""A device as builds see it: the platform, the code that it runs, and what lies beneath it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from remuda.facts.cpu import Cpu
from remuda.facts.device import Device
from remuda.facts.host import Host
from remuda.knowledge.builds import Platform
from remuda.knowledge.release import Release

_PLATFORMS: dict[str, Platform] = {"cuda": "cuda", "rocm": "rocm", "cpu": "cpu"}
_CONSUMER = re.compile(r"GeForce|TITAN", re.IGNORECASE)
_NUMBERS = re.compile(r"\d+(?:\.\d+)*")


@dataclass(frozen=True, slots=True)
class Target:
    """A device of a host.

    `code` is what code has to be for: a compute capability, a gfx target, or a machine; None where that was not found
    out. `machine` is the host's (`x86_64`). `driver` is NVIDIA's, `libc` glibc's version. `is_consumer`: a card
    that NVIDIA sells for games, to which some of its promises do not extend.
    """

    name: str
    title: str
    platform: Platform
    code: str | None
    machine: str | None = None
    cpu: Cpu | None = None
    driver: str | None = None
    kernel: str | None = None
    libc: str | None = None
    is_consumer: bool = False

    @property
    def label(self) -> str:
        """Its name with its code: `rocm0 (gfx906)`."""
        return f"{self.name} ({self.code})" if self.code and self.platform != "cpu" else self.name


def target(host: Host, device: Device) -> Target | None:
    """A device as builds see it; None for one that no engine of ours runs on."""
    platform = _PLATFORMS.get(device.kind)
    if platform is None:
        return None
    machine = host.cpu.architecture if host.cpu else None
    drivers, libc = host.system.drivers, (host.system.libc or "").split(" ")
    return Target(
        name=device.name,
        title=device.title,
        platform=platform,
        code={"cuda": device.capability, "rocm": device.gfx}.get(device.kind, machine),
        machine=machine,
        cpu=host.cpu,
        driver=drivers.nvidia or drivers.nvml,
        kernel=host.system.kernel,
        libc=libc[-1] if libc[0] == "glibc" else None,
        is_consumer=_CONSUMER.search(device.title) is not None,
    )


def targets(host: Host) -> tuple[Target, ...]:
    """Every device of a host that engines run on."""
    found = (target(host, device) for device in host.devices)
    return tuple(each for each in found if each is not None)


def numbers(version: str) -> Release:
    """The numbers that a version begins with: `6.18.5-200.fc43` is 6.18.5; empty for none."""
    found = _NUMBERS.match(version)
    return tuple(map(int, found[0].split("."))) if found else ()
