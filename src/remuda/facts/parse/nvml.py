"""What NVML told of the GPUs, as a plain document, and what it means.

The edge calls the library and fills in this document; a recorded machine has it as `nvml.json`. What a card does not
support, or an old driver does not know, is None there, field by field.

Source: NVML API reference (nvmlDeviceGet…); the numbers of topology levels are `nvmlGpuTopologyLevel_t`'s.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from remuda.facts.device import Device, Link, Partition, Pci, Tenant

_TOPOLOGY: Final = {0: "internal", 10: "single", 20: "multiple", 30: "hostbridge", 40: "node", 50: "system"}


class Memory(Struct, frozen=True):
    """Bytes of a GPU. `free` is what can be had; the driver's own share is neither free nor used by a process."""

    total: int
    free: int


class Process(Struct, frozen=True, omit_defaults=True):
    """A process that holds memory of a GPU."""

    pid: int
    used: int | None = None
    command: str | None = None


class Peer(Struct, frozen=True, omit_defaults=True):
    """How NVML sees another GPU, named by its bus id."""

    bus_id: str
    topology: int | None = None
    is_p2p: bool | None = None


class Mig(Struct, frozen=True, omit_defaults=True):
    """One MIG device of a GPU."""

    uuid: str
    name: str
    total: int


class Gpu(Struct, frozen=True, omit_defaults=True):
    """One GPU. `nvlinks` are the bus ids at the other ends of its active links, one entry a link."""

    index: int
    name: str
    uuid: str
    bus_id: str
    minor: int | None = None
    capability: tuple[int, int] | None = None
    memory: Memory | None = None
    cores: int | None = None
    clock_mhz: int | None = None
    is_ecc: bool | None = None
    is_mig: bool | None = None
    has_display: bool | None = None
    processes: tuple[Process, ...] = ()
    partitions: tuple[Mig, ...] = ()
    nvlinks: tuple[str, ...] = ()
    peers: tuple[Peer, ...] = ()


class Report(Struct, frozen=True, omit_defaults=True):
    """All of it, the GPUs in NVML's order, without those that are lost.

    `cuda` is NVML's number for the newest version of CUDA that the driver runs (`12090`).
    """

    driver: str
    cuda: int | None = None
    gpus: tuple[Gpu, ...] = ()

    @property
    def cuda_version(self) -> str | None:
        """`12.9`."""
        return None if self.cuda is None else f"{self.cuda // 1000}.{self.cuda % 1000 // 10}"


def address(bus_id: str) -> str:
    """A PCI address as Linux writes it (`0000:01:00.0`) out of NVML's, whose domain has eight digits."""
    domain, bus, rest = bus_id.lower().split(":")
    return f"{int(domain, 16):04x}:{bus}:{rest}"


def device(gpu: Gpu, machine: Device, pci: Pci | None) -> Device:
    """The device `cudaN` of NVML's index. One without memory of its own shares that of `machine`."""
    memory = gpu.memory or Memory(machine.total_bytes, machine.free_bytes)
    return Device(
        name=f"cuda{gpu.index}",
        title=gpu.name,
        total_bytes=memory.total,
        free_bytes=memory.free,
        uuid=gpu.uuid,
        address=address(gpu.bus_id),
        is_unified=gpu.memory is None,
        capability=f"{gpu.capability[0]}.{gpu.capability[1]}" if gpu.capability else None,
        cores=gpu.cores,
        clock_mhz=gpu.clock_mhz,
        nvml=gpu.index,
        minor=gpu.minor,
        is_ecc=gpu.is_ecc,
        is_mig=gpu.is_mig,
        has_display=gpu.has_display,
        partitions=tuple(Partition(part.uuid, part.name, part.total) for part in gpu.partitions),
        tenants=tuple(Tenant(held.pid, held.used, held.command) for held in gpu.processes),
        links=tuple(_links(gpu)),
        pci=pci,
    )


def _links(gpu: Gpu) -> Iterator[Link]:
    """Links through a switch end at the switch, which is no GPU: those are counted under its own address."""
    lanes = Counter(address(end) for end in gpu.nvlinks)
    peers = {address(peer.bus_id): peer for peer in gpu.peers}
    for to in sorted({*lanes, *peers}):
        peer = peers.get(to)
        topology = _TOPOLOGY.get(peer.topology) if peer and peer.topology is not None else None
        yield Link(to, "nvlink" if lanes[to] else "pcie", lanes[to], topology, peer.is_p2p if peer else None)
