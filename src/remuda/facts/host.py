"""A host and its devices.

A device's identity is its UUID; `cuda0`, `rocm1` and `cpu` are names for it. `cudaN` counts in PCI order, which is also
NVML's order and not CUDA's default one, so the only code that may turn a name into something CUDA or HIP understands is
`visibility` below: it names devices by UUID wherever one is known.

This module discovers nothing; `remuda.edge.probes` does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

_NAME = re.compile(r"(?P<kind>cuda|rocm)(?::(?P<all>all)|(?P<index>\d+))")


@dataclass(frozen=True, slots=True)
class Device:
    """A GPU, or the CPU with the machine's memory. `uuid` is what its driver calls it, None for the CPU."""

    name: str
    title: str
    total_bytes: int
    free_bytes: int
    uuid: str | None = None

    @property
    def kind(self) -> str:
        """`cpu`, `cuda` or `rocm`."""
        return self.name.rstrip("0123456789")

    def with_freed(self, held_bytes: int) -> Device:
        """This device with so much more of it free."""
        return replace(self, free_bytes=min(self.total_bytes, self.free_bytes + held_bytes))


@dataclass(frozen=True, slots=True)
class Host:
    """A machine as far as placing models needs to know it."""

    devices: tuple[Device, ...]

    def device(self, name: str) -> Device | None:
        """The device of this name."""
        return next((device for device in self.devices if device.name == name), None)

    def of_kind(self, kind: str) -> tuple[Device, ...]:
        """All devices of a kind, in order."""
        return tuple(device for device in self.devices if device.kind == kind)

    def with_freed(self, held_bytes: Mapping[str, int]) -> Host:
        """This host as if what engines of ours may hold of each device were free.

        They may hold less than they claim, so the sum can be no more than the device has.
        """
        return Host(tuple(device.with_freed(held_bytes.get(device.name, 0)) for device in self.devices))


def expand(host: Host, selectors: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Device names that `selectors` (`cuda0`, `cuda:all`, `cpu`) stand for, and the selectors that mean nothing.

    A single device needs not be known to the host: a declared budget may stand for it.
    """
    names: dict[str, None] = {}
    unknown: list[str] = []
    for selector in selectors:
        found = _expand_one(host, selector)
        if not found:
            unknown.append(selector)
        names.update(dict.fromkeys(found))
    return tuple(names), tuple(unknown)


def _expand_one(host: Host, selector: str) -> tuple[str, ...]:
    if selector == "cpu":
        return ("cpu",)
    match = _NAME.fullmatch(selector)
    if match is None:
        return ()
    if match["all"]:
        return tuple(device.name for device in host.of_kind(match["kind"]))
    return (selector,)


def visibility(host: Host, names: Sequence[str]) -> dict[str, str]:
    """Environment that shows exactly these devices to CUDA and HIP programs and hides every other GPU of the host.

    Devices that the host does not know are named by index in PCI order.
    """
    environment: dict[str, str] = {}
    for kind, variable in (("cuda", "CUDA_VISIBLE_DEVICES"), ("rocm", "ROCR_VISIBLE_DEVICES")):
        chosen = [name for name in names if name.startswith(kind)]
        if not chosen and not host.of_kind(kind):
            continue
        environment[variable] = ",".join(_driver_name(host, name) for name in chosen)
        if kind == "cuda":
            environment["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"
    return environment


def _driver_name(host: Host, name: str) -> str:
    device = host.device(name)
    if device is not None and device.uuid is not None:
        return device.uuid
    return name.lstrip("abcdefghijklmnopqrstuvwxyz")
