"""GPUs on the PCI bus and what the kernel's drivers tell of them, from `/sys` and `/proc`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from remuda.edge.probes.limits import Files
from remuda.edge.probes.memory_amd import Amd
from remuda.facts.assembly import Card, Compute
from remuda.facts.device import Pci, Tenant
from remuda.facts.memory import Reading
from remuda.facts.parse import amdgpu, nvidia_proc, pci, pci_ids
from remuda.facts.system import Drivers

_DEVICES = "sys/bus/pci/devices"
_TITLES = ("usr/share/hwdata/pci.ids", "usr/share/misc/pci.ids", "run/current-system/sw/share/hwdata/pci.ids")
_NODES = "sys/class/kfd/kfd/topology/nodes"
_NVIDIA = "proc/driver/nvidia"
_SINGLE = "-1"


def cards(files: Files) -> tuple[Card, ...]:
    """The GPUs on the bus, in its order."""
    addresses = files.names(_DEVICES)
    found = {address: pci.gpu(files.text(f"{_DEVICES}/{address}/uevent") or "") for address in addresses}
    gpus = {address: identity for address, identity in found.items() if identity}
    # The list has a megabyte, and is read only where there is something to name.
    titles = next((text for path in _TITLES if gpus and (text := files.text(path))), "")
    return tuple(_card(files, address, identity, titles) for address, identity in gpus.items())


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
        amdgpu=files.line("sys/module/amdgpu/version"),
        rocm=files.line("opt/rocm/.info/version"),
    )


def compute(files: Files) -> tuple[Compute, ...]:
    """The GPUs that AMD's compute driver answers for, in its order; one that has lost its memory is a finding."""
    source = Amd(files.path(""))
    found = []
    for index, node in enumerate(source.nodes):
        try:
            reading = source.read(f"rocm{index}", ())
        except (OSError, ValueError) as error:
            files.note("broken", f"cannot tell how much memory the AMD GPU at {node.address} has: {error}")
        else:
            found += [Compute(index, node, reading, _tenants(files, reading))] if reading else []
    return tuple(found)


def xgmi(files: Files) -> Mapping[str, tuple[str, ...]]:
    """The addresses of the AMD cards that a card is linked to directly, by its own address."""
    # A container is refused the nodes of cards that it does not have, which is nothing to tell of.
    kfd = Files(files.path(""), "kfd")
    addresses = {node.gpu_id: node.address for node in Amd(files.path("")).nodes}
    gpu_ids = {name: kfd.line(f"{_NODES}/{name}/gpu_id") or "" for name in kfd.names(_NODES)}
    nodes = {int(name): addresses[int(found)] for name, found in gpu_ids.items() if _is_gpu(found, addresses)}
    return {address: tuple(_ends(kfd, number, nodes)) for number, address in nodes.items()}


def _is_gpu(gpu_id: str, addresses: Mapping[int, str]) -> bool:
    return gpu_id.isdigit() and int(gpu_id) in addresses


def _ends(kfd: Files, number: int, nodes: Mapping[int, str]) -> Iterator[str]:
    folder = f"{_NODES}/{number}/io_links"
    for link in kfd.names(folder):
        told = kfd.text(f"{folder}/{link}/properties")
        end = amdgpu.xgmi_end(told) if told else None
        if end is not None and end in nodes:
            yield nodes[end]


def _tenants(files: Files, reading: Reading) -> tuple[Tenant, ...]:
    return tuple(Tenant(own.pid, own.used_bytes, files.line(f"proc/{own.pid}/comm")) for own in reading.holders)


def _card(files: Files, address: str, identity: Pci, titles: str) -> Card:
    folder = f"{_DEVICES}/{address}"
    drm = files.names(f"{folder}/drm")
    card = next((name for name in drm if name.startswith("card")), None)
    numa = files.line(f"{folder}/numa_node")
    width, speed = (files.line(f"{folder}/current_link_{name}") for name in ("width", "speed"))
    return Card(
        address=address,
        pci=replace(
            identity,
            bar_bytes=pci.largest_window_bytes(files.text(f"{folder}/resource") or ""),
            numa_node=None if numa in (None, _SINGLE) else int(numa),
            link=f"x{width} at {speed}" if width and speed else None,
        ),
        title=files.line(f"{folder}/product_name") or pci_ids.title(titles, identity.vendor, identity.device),
        card=card,
        render=next((name for name in drm if name.startswith("renderD")), None),
        has_display=_has_display(files, f"{folder}/drm/{card}") if card else None,
    )


def _has_display(files: Files, folder: str) -> bool | None:
    """Whether something is connected; None for a card without connectors."""
    statuses = [status for name in files.names(folder) if (status := files.line(f"{folder}/{name}/status"))]
    return "connected" in statuses if statuses else None
