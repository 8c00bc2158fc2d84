"""GPUs as several sources tell of them, made one record each.

The bus knows of every card, and only a compute driver knows whether it can be used, so a card of the bus becomes a
device when its driver answers for it, and is idle otherwise. A driver may also answer for what is on no bus (the GPU of
a Jetson, a container that hides sysfs).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from msgspec.structs import replace

from remuda.facts.device import Device, Link, Pci, Tenant
from remuda.facts.memory import Reading
from remuda.facts.names import with_cuda_order
from remuda.facts.parse import nvidia_proc, nvml
from remuda.facts.parse.amdgpu import Node


@dataclass(frozen=True, slots=True)
class Card:
    """A GPU on the bus, with its names in `/dev/dri`. `title` is None where no list of names is at hand."""

    address: str
    pci: Pci
    title: str | None = None
    card: str | None = None
    render: str | None = None
    has_display: bool | None = None


@dataclass(frozen=True, slots=True)
class Compute:
    """A GPU that AMD's compute driver answers for; `index` is its place in that driver's order."""

    index: int
    node: Node
    memory: Reading
    tenants: tuple[Tenant, ...] = ()


@dataclass(frozen=True, slots=True)
class Sources:
    """What each source told.

    `modules` is what NVIDIA's kernel module tells of its cards without any library, `xgmi` the addresses that AMD's
    cards are linked to directly, by address.
    """

    machine: Device
    cards: tuple[Card, ...] = ()
    report: nvml.Report | None = None
    modules: tuple[nvidia_proc.Card, ...] = ()
    compute: tuple[Compute, ...] = ()
    xgmi: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def devices(sources: Sources) -> tuple[tuple[Device, ...], tuple[Device, ...]]:
    """The devices of a host, its CPU first, and the GPUs that cannot be used."""
    on_bus = {card.address: card for card in sources.cards}
    used = (sources.machine, *_nvidia(sources, on_bus), *_amd(sources, on_bus))
    taken = {device.address for device in used}
    modules = {card.address: card for card in sources.modules}
    idle = (_idle(card, modules.get(card.address)) for card in sources.cards if card.address not in taken)
    return with_cuda_order(used), tuple(idle)


def _nvidia(sources: Sources, on_bus: Mapping[str, Card]) -> Iterator[Device]:
    for gpu in sources.report.gpus if sources.report else ():
        card = on_bus.get(nvml.address(gpu.bus_id))
        device = nvml.device(gpu, sources.machine, card.pci if card else None)
        yield _drawn(device, card)


def _amd(sources: Sources, on_bus: Mapping[str, Card]) -> Iterator[Device]:
    for found in sources.compute:
        node, card = found.node, on_bus.get(found.node.address)
        device = Device(
            name=f"rocm{found.index}",
            title=(card.title if card else None) or f"AMD {node.gfx}",
            total_bytes=found.memory.total_bytes,
            free_bytes=found.memory.free_bytes,
            uuid=node.uuid,
            address=node.address,
            is_unified=node.is_unified,
            gfx=node.gfx,
            tenants=found.tenants,
            links=tuple(Link(to, "xgmi", lanes=1) for to in sources.xgmi.get(node.address, ())),
            pci=card.pci if card else None,
        )
        yield _drawn(device, card)


def _drawn(device: Device, card: Card | None) -> Device:
    """With what its graphics driver tells, of which a monitor counts however it was found."""
    if card is None:
        return device
    displays = [seen for seen in (device.has_display, card.has_display) if seen is not None]
    return replace(device, card=card.card, render=card.render, has_display=any(displays) if displays else None)


def _idle(card: Card, module: nvidia_proc.Card | None) -> Device:
    title = module.title if module else card.title
    device = Device(
        name=card.address,
        title=title or f"GPU {card.pci.vendor}:{card.pci.device}",
        total_bytes=0,
        free_bytes=0,
        uuid=module.uuid if module else None,
        address=card.address,
        minor=module.minor if module else None,
        pci=card.pci,
    )
    return _drawn(device, card)
