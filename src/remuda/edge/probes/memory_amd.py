"""The memory of AMD GPUs and who holds it, from sysfs and `/proc/PID/fdinfo`: no HIP context is opened.

GPUs are numbered as kfd, the compute driver, numbers them. It also lists every process that computes, and what it has
of each GPU. What an engine has through graphics (Vulkan) is in the fdinfo of its open files, which only its owner can
read; memory for compute may be in both, so the larger of the two counts.

A GPU without memory of its own has a part of the machine's that is set aside at boot, and as much more as the driver
maps (GTT).
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator
from pathlib import Path

from remuda.edge.probes import memory_cpu
from remuda.facts.memory import Holder, Reading
from remuda.facts.parse import amdgpu

_KFD = "sys/class/kfd/kfd"


class Amd:
    """Reads `rocm0`, `rocm1`, …. `root` is the directory that `/` stands for."""

    def __init__(self, root: Path = Path("/")) -> None:
        self._root = root
        self.nodes = tuple(_nodes(root / _KFD / "topology/nodes"))

    def capacity(self, node: amdgpu.Node) -> tuple[int, int]:
        """Total and free bytes of the GPU. Raises OSError, ValueError."""
        total, used = self._pool(node, "vram")
        if not node.is_unified:
            return total, total - used
        more, taken = self._pool(node, "gtt")
        _, available = memory_cpu.capacity(self._root / "proc")
        return total + more, total - used + min(more - taken, available)

    def read(self, device: str, pids: Collection[int]) -> Reading | None:
        """The GPU, all who compute on it, and what these processes have of it; None for one that is not there."""
        number = int(device.removeprefix("rocm"))
        if number >= len(self.nodes):
            return None
        node = self.nodes[number]
        total_bytes, free_bytes = self.capacity(node)
        held = self._computing(node)
        for pid in pids:
            held[pid] = max(held.get(pid, 0), self._drawing(node, pid))
        holders = tuple(Holder(pid, size) for pid, size in sorted(held.items()) if size)
        return Reading(device, total_bytes, free_bytes, holders, is_unified=node.is_unified)

    def _pool(self, node: amdgpu.Node, name: str) -> tuple[int, int]:
        directory = self._root / "sys/bus/pci/devices" / node.address
        total, used = (int((directory / f"mem_info_{name}_{what}").read_text()) for what in ("total", "used"))
        return total, used

    def _computing(self, node: amdgpu.Node) -> dict[int, int]:
        """Bytes by pid: `/sys/class/kfd/kfd/proc/PID/vram_GPUID`."""
        held = {}
        for file in (self._root / _KFD / "proc").glob(f"*/vram_{node.gpu_id}"):
            with contextlib.suppress(OSError, ValueError):  # the process has gone
                held[int(file.parent.name)] = int(file.read_text())
        return held

    def _drawing(self, node: amdgpu.Node, pid: int) -> int:
        clients = {client.number: client for client in self._clients(pid) if client.address == node.address}
        return sum(client.vram_bytes + (client.gtt_bytes if node.is_unified else 0) for client in clients.values())

    def _clients(self, pid: int) -> Iterator[amdgpu.Client]:
        """The GPU files that a process has open; none when it has gone."""
        with contextlib.suppress(OSError):
            for file in (self._root / f"proc/{pid}/fd").iterdir():
                with contextlib.suppress(OSError):  # closed meanwhile
                    if str(file.readlink()).startswith("/dev/dri/"):
                        client = amdgpu.client((self._root / f"proc/{pid}/fdinfo/{file.name}").read_text())
                        if client:
                            yield client


def _nodes(topology: Path) -> Iterator[amdgpu.Node]:
    numbered = [folder for folder in topology.glob("*") if folder.name.isdigit()]
    for folder in sorted(numbered, key=lambda folder: int(folder.name)):
        with contextlib.suppress(OSError, KeyError, ValueError):  # hidden from this container
            node = amdgpu.node((folder / "gpu_id").read_text(), (folder / "properties").read_text())
            if node:
                yield node
