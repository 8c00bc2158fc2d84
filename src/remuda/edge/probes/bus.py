"""GPUs on the PCI bus and what the kernel's drivers tell of them, from `/sys` and `/proc`."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from remuda.edge.probes.limits import Files
from remuda.edge.probes.memory_amd import Amd
from remuda.facts.assembly import Card, Compute
from remuda.facts.device import Link, Pci
from remuda.facts.parse import amdgpu, nvidia_proc, pci, pci_ids
from remuda.facts.system import Drivers

_DEVICES = "sys/bus/pci/devices"
_TITLES = ("usr/share/hwdata/pci.ids", "usr/share/misc/pci.ids", "run/current-system/sw/share/hwdata/pci.ids")
_NODES = "sys/class/kfd/kfd/topology/nodes"
_NVIDIA = "proc/driver/nvidia"
_SINGLE = "-1"


def cards(files: Files) -> tuple[Card, ...]:
    """The GPUs on the bus, in its order."""
    found = []
    for address in files.names(_DEVICES):
        identity = pci.gpu(files.text(f"{_DEVICES}/{address}/uevent") or "")
        if identity is not None:
            found.append(_card(files, address, identity))
    return tuple(_titled(files, found))


def nvidia_cards(files: Files) -> tuple[nvidia_proc.Card, ...]:
    """What NVIDIA's kernel module tells without a library. Raises KeyError."""
    told = (files.text(f"{_NVIDIA}/gpus/{name}/information") for name in files.names(f"{_NVIDIA}/gpus"))
    return tuple(nvidia_proc.card(text) for text in told if text)


def drivers(files: Files) -> Drivers:
    """The versions of the drivers, as far as files tell them. Raises ValueError."""
    nvidia = files.text(f"{_NVIDIA}/version")
    version, is_open = nvidia_proc.loaded(nvidia) if nvidia else (None, None)
    return Drivers(
        nvidia=version,
        is_open=is_open,
        amdgpu=_stripped(files.text("sys/module/amdgpu/version")),
        rocm=_stripped(files.text("opt/rocm/.info/version")),
    )


def compute(files: Files) -> tuple[Compute, ...]:
    """The GPUs that AMD's compute driver answers for, in its order; one that has lost its memory is a finding."""
    source = Amd(files.path(""))
    ends = _xgmi_ends(files, {node.gpu_id: node.address for node in source.nodes})
    found = []
    for index, node in enumerate(source.nodes):
        try:
            total_bytes, free_bytes = source.capacity(node)
        except (OSError, ValueError) as error:
            files.note("broken", f"cannot tell how much memory the AMD GPU at {node.address} has: {error}")
        else:
            links = tuple(Link(to, "xgmi", lanes=1) for to in ends.get(node.address, ()))
            found.append(Compute(index, node, total_bytes, free_bytes, links))
    return tuple(found)


def _card(files: Files, address: str, identity: Pci) -> Card:
    folder = f"{_DEVICES}/{address}"
    drm = files.names(f"{folder}/drm")
    card = next((name for name in drm if name.startswith("card")), None)
    statuses = [files.text(f"{folder}/drm/{card}/{name}/status") for name in files.names(f"{folder}/drm/{card}")]
    statuses = [_stripped(status) for status in statuses if status]
    numa = _stripped(files.text(f"{folder}/numa_node"))
    width, speed = (_stripped(files.text(f"{folder}/current_link_{name}")) for name in ("width", "speed"))
    return Card(
        address=address,
        pci=replace(
            identity,
            bar_bytes=pci.largest_window_bytes(files.text(f"{folder}/resource") or ""),
            numa_node=None if numa in (None, _SINGLE) else int(numa),
            link=f"x{width} at {speed}" if width and speed else None,
        ),
        title=_stripped(files.text(f"{folder}/product_name")),
        card=card,
        render=next((name for name in drm if name.startswith("renderD")), None),
        has_display=("connected" in statuses) if statuses else None,
    )


def _titled(files: Files, found: list[Card]) -> Iterator[Card]:
    """With titles out of the list of the distribution, which is read only where there are cards to name."""
    listed = next((text for path in _TITLES if found and (text := files.text(path))), "")
    for card in found:
        title = card.title or pci_ids.title(listed, card.pci.vendor, card.pci.device)
        yield Card(card.address, card.pci, title, card.card, card.render, card.has_display)


def _xgmi_ends(files: Files, addresses: dict[int, str]) -> dict[str, list[str]]:
    """Addresses of the cards that a card is linked to directly."""
    by_number = {}
    for name in files.names(_NODES):
        gpu_id = _stripped(files.text(f"{_NODES}/{name}/gpu_id"))
        if gpu_id and gpu_id.isdigit() and int(gpu_id) in addresses:
            by_number[int(name)] = addresses[int(gpu_id)]
    ends: dict[str, list[str]] = {}
    for number, address in by_number.items():
        folder = f"{_NODES}/{number}/io_links"
        for link in files.names(folder):
            end = amdgpu.xgmi_end(files.text(f"{folder}/{link}/properties") or "")
            if end in by_number:
                ends.setdefault(address, []).append(by_number[end])
    return ends


def _stripped(text: str | None) -> str | None:
    return (text or "").strip() or None
