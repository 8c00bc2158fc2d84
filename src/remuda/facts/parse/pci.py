"""GPUs on the PCI bus, from `/sys/bus/pci/devices/ADDRESS` (`Documentation/ABI/testing/sysfs-bus-pci`)."""

from __future__ import annotations

from typing import Final

from remuda.facts.device import Pci

NVIDIA: Final = "10de"
AMD: Final = "1002"
INTEL: Final = "8086"

_VENDORS: Final = {"03": (NVIDIA, AMD, INTEL), "12": (NVIDIA, AMD)}
"""Who makes GPUs, by base class: displays, and processing accelerators."""
_MEMORY = 0x200
_WIDTH = 6


def properties(uevent: str) -> dict[str, str]:
    """The pairs of a `uevent` file."""
    return dict(line.split("=", 1) for line in uevent.splitlines() if "=" in line)


def gpu(uevent: str) -> Pci | None:
    """The identity of a GPU; None for any other device, and for the display chip of a server's board.

    AMD's Instinct cards are accelerators to the bus; so are Intel's neural processors, which are no GPUs.
    """
    values = properties(uevent)
    vendor, device = values.get("PCI_ID", ":").lower().split(":")
    base = values.get("PCI_CLASS", "0").zfill(_WIDTH)[:2]
    if vendor not in _VENDORS.get(base, ()):
        return None
    subsystem = values.get("PCI_SUBSYS_ID", "0000:0000").lower()
    return Pci(vendor, device, subsystem if subsystem != "0000:0000" else None, values.get("DRIVER"))


def largest_window_bytes(resource: str) -> int:
    """The largest memory window in a `resource` file: lines of start, end and flags."""
    rows = [[int(word, 16) for word in line.split()] for line in resource.splitlines()]
    return max((end - start + 1 for start, end, flags in rows if flags & _MEMORY), default=0)
