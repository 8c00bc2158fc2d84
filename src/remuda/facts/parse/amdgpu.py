"""What amdgpu and its compute driver (kfd) tell in sysfs and `/proc/PID/fdinfo`.

Sources: the kernel's `Documentation/gpu/drm-usage-stats.rst` and `Documentation/gpu/amdgpu/driver-misc.rst`;
`drivers/gpu/drm/amd/amdkfd/kfd_topology.c` for the nodes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_UNITS = {"": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
_VRAM = ("drm-resident-vram", "drm-memory-vram")
_SHARED_WITH_CPU = ("drm-resident-gtt", "drm-memory-gtt")

# Processors that LLVM's `AMDGPUUsage.rst` lists as APU: their memory is the machine's.
_UNIFIED = frozenset(
    f"gfx{number}" for number in (902, 909, "90c", 1013, 1033, 1035, 1036, 1103, 1150, 1151, 1152, 1153)
)


@dataclass(frozen=True, slots=True)
class Node:
    """A GPU of kfd's topology, in HSA's order. `gpu_id` is kfd's own number for it, `address` that of PCI.

    `unique_id` is 0 where the card has none. `is_unified`: its memory is the machine's.
    """

    gpu_id: int
    address: str
    gfx: str
    unique_id: int = 0
    is_unified: bool = False

    @property
    def uuid(self) -> str | None:
        """What `ROCR_VISIBLE_DEVICES` calls it."""
        return f"GPU-{self.unique_id:016x}" if self.unique_id else None


def node(gpu_id: str, properties: str) -> Node | None:
    """One folder of `/sys/class/kfd/kfd/topology/nodes`; None for one that is no GPU. Raises ValueError, KeyError."""
    number = int(gpu_id)
    if not number:
        return None
    values = {name: int(value) for name, value in (line.split() for line in properties.splitlines())}
    gfx = _gfx(values["gfx_target_version"])
    address = _address(values.get("domain", 0), values["location_id"])
    return Node(number, address, gfx, values.get("unique_id", 0), gfx in _UNIFIED)


_XGMI = 11
"""`CRAT_IOLINK_TYPE_XGMI` of kfd_crat.h."""


def xgmi_end(properties: str) -> int | None:
    """The number of the node at the other end of a link (`io_links/N/properties`); None when it is no direct one."""
    values = dict(line.split() for line in properties.splitlines())
    return int(values["node_to"]) if int(values["type"]) == _XGMI else None


def _gfx(version: int) -> str:
    """`gfx90a` out of 90010: major, minor and stepping as two decimal digits each, written in hexadecimal."""
    return f"gfx{version // 10000}{version // 100 % 100:x}{version % 100:x}"


def _address(domain: int, location: int) -> str:
    return f"{domain:04x}:{location >> 8 & 0xFF:02x}:{location >> 3 & 0x1F:02x}.{location & 7}"


@dataclass(frozen=True, slots=True)
class Client:
    """What one open GPU file stands for: `number` tells clients apart, since several files may stand for one."""

    address: str
    number: str
    vram_bytes: int
    gtt_bytes: int = 0


def client(fdinfo: str) -> Client | None:
    """The amdgpu client behind a file descriptor; None for any other file."""
    values = dict(re.findall(r"^(drm-[\w-]+):[ \t]*(.*?)[ \t]*$", fdinfo, re.MULTILINE))
    if values.get("drm-driver") != "amdgpu" or "drm-pdev" not in values:
        return None
    number = values.get("drm-client-id", "")
    vram, gtt = (_first_size(values, keys) for keys in (_VRAM, _SHARED_WITH_CPU))
    return Client(values["drm-pdev"], number, vram, gtt)


def _first_size(values: dict[str, str], keys: Iterable[str]) -> int:
    found = next((values[key] for key in keys if key in values), "0")
    number, _, unit = found.partition(" ")
    return int(number) * _UNITS[unit]
