"""A GPU, or the CPU with the machine's memory.

One record a device, whoever tells of it: the PCI bus, NVML, kfd. What a source does not tell is None, and never
guessed; what only one vendor knows (a compute capability, a gfx target) is simply None for the others.

A device's identity is its UUID or its PCI address. `name` and the indices are names, which change when a card is added;
`remuda.facts.names` translates between them.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

Way = Literal["nvlink", "xgmi", "pcie"]


class Pci(Struct, frozen=True, omit_defaults=True):
    """A GPU's place on the PCI bus, from sysfs.

    `vendor`, `device` and `subsystem` are hexadecimal numbers (`10de`, `2204`, `1458:403b`). `driver` is the kernel's,
    None when none is bound. `bar_bytes` is its largest memory window: where that spans all of the VRAM, BARs are
    resized. `numa_node` is None on a machine with one. `link` is the link's width and speed now, which saves power
    while the GPU is idle.
    """

    vendor: str
    device: str
    subsystem: str | None = None
    driver: str | None = None
    bar_bytes: int = 0
    numa_node: int | None = None
    link: str | None = None


class Partition(Struct, frozen=True, omit_defaults=True):
    """A part of a GPU that is divided by MIG, which CUDA programs see as a device of its own."""

    uuid: str
    title: str
    total_bytes: int


class Tenant(Struct, frozen=True, omit_defaults=True):
    """A process that has memory of a GPU. `used_bytes` is None where the driver does not say."""

    pid: int
    used_bytes: int | None = None
    command: str | None = None


class Link(Struct, frozen=True, omit_defaults=True):
    """How a GPU reaches another one, whose PCI address is `to`.

    `lanes` counts the direct links (NVLink). `topology` is NVML's word for the nearest thing they share on the bus
    (`internal`, `single`, `multiple`, `hostbridge`, `node`, `system`). `is_p2p` says whether the driver lets one read
    the other's memory; None when it does not tell.
    """

    to: str
    path: Way
    lanes: int = 0
    topology: str | None = None
    is_p2p: bool | None = None


class Device(Struct, frozen=True, omit_defaults=True):
    """A GPU, or the CPU with the machine's memory.

    `name`: `cpu`, `cuda0`, `rocm1`; a GPU that no compute driver answers for has its PCI address as its name.
    `uuid`: what its driver calls it, None for the CPU and where the card has none. `is_unified`: its memory is the
    machine's. `capability`: CUDA's compute capability (`8.6`). `gfx`: AMD's target (`gfx90a`). `cores` and `clock_mhz`
    are shader cores and the highest clock of them; a card's speed is their product as far as CUDA's order goes.

    `nvml`, `fastest`, `minor`, `card` and `render` are what others call it: NVML's index, CUDA's index in its own order
    (a guess where the cards differ), `/dev/nvidiaN`, `/dev/dri/cardN` and `/dev/dri/renderDN`.

    `is_ecc` and `is_mig` are None where the card has no such mode. `has_display`: a monitor is attached or the console
    is drawn there, which takes memory.
    """

    name: str
    title: str
    total_bytes: int
    free_bytes: int
    uuid: str | None = None
    address: str | None = None
    is_unified: bool = False
    capability: str | None = None
    gfx: str | None = None
    cores: int | None = None
    clock_mhz: int | None = None
    nvml: int | None = None
    fastest: int | None = None
    minor: int | None = None
    card: str | None = None
    render: str | None = None
    is_ecc: bool | None = None
    is_mig: bool | None = None
    has_display: bool | None = None
    partitions: tuple[Partition, ...] = ()
    tenants: tuple[Tenant, ...] = ()
    links: tuple[Link, ...] = ()
    pci: Pci | None = None

    @property
    def kind(self) -> str:
        """`cpu`, `cuda` or `rocm`; `pci` for a GPU that no compute driver answers for."""
        return "pci" if ":" in self.name else self.name.rstrip("0123456789")

    def with_freed(self, held_bytes: int) -> Device:
        """This device with so much more of it free."""
        return replace(self, free_bytes=min(self.total_bytes, self.free_bytes + held_bytes))
