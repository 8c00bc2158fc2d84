"""NUMA nodes, from `/sys/devices/system/node/nodeN` (the kernel's `Documentation/ABI/stable/sysfs-devices-node`)."""

from __future__ import annotations

import re

from remuda.facts.cpu import NumaNode

_TOTAL = re.compile(r"^Node \d+ MemTotal:\s+(\d+) kB$", re.MULTILINE)


def node(number: int, cpulist: str, meminfo: str) -> NumaNode:
    """One node; its memory is 0 where it has none of its own."""
    total = _TOTAL.search(meminfo)
    return NumaNode(number, cpulist.strip(), int(total[1]) * 1024 if total else 0)
