"""What a device is called, by whom: the one place that translates between names.

The same cards are counted differently by everybody. NVML counts by PCI address, and so does Remuda's `cudaN`. CUDA by
itself makes the fastest card number 0 and leaves the order of the others open (`FASTEST_FIRST`), unless
`CUDA_DEVICE_ORDER=PCI_BUS_ID` is set. ROCm counts in the order of kfd's nodes, and so does `rocmN`. DRM counts as
drivers came up, display chips included. A CDI name stands for the device files that its specification lists, whatever
its number.

Sources: CUDA C Programming Guide, environment variables (CUDA_DEVICE_ORDER); NVML API reference
(nvmlDeviceGetHandleByIndex); ROCm documentation, GPU isolation techniques.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, Literal

from msgspec.structs import replace

from remuda.facts.device import Device
from remuda.facts.host import Host
from remuda.facts.software import Cdi

Scheme = Literal["remuda", "uuid", "pci", "nvml", "cuda", "fastest", "rocm", "minor", "card", "render", "cdi"]

_SELECTOR: Final = re.compile(r"(?P<kind>cuda|rocm)(?::(?P<all>all)|(?P<index>\d+))")
_COUNTED: Final = re.compile(r"(nvml|cuda|fastest|rocm|hip):?(\d+)")
_ADDRESS: Final = re.compile(r"(?:([0-9a-fA-F]{4,8}):)?([0-9a-fA-F]{2}:[0-9a-fA-F]{2}\.[0-7])")
_FEWEST_OF_UUID: Final = 4


def names(host: Host, device: Device) -> dict[Scheme, tuple[str, ...]]:
    """All that a device is called, by scheme; only CDI has several names for one.

    `cuda` is CUDA's index with `PCI_BUS_ID`, `fastest` without; `minor` is `/dev/nvidiaN`.
    """
    index = device.name.removeprefix(device.kind)
    single: dict[Scheme, str | None] = {
        "remuda": device.name,
        "uuid": device.uuid,
        "pci": device.address,
        "nvml": _number(device.nvml),
        "cuda": index if device.kind == "cuda" else None,
        "fastest": _number(device.fastest),
        "rocm": index if device.kind == "rocm" else None,
        "minor": _number(device.minor),
        "card": device.card,
        "render": device.render,
    }
    told: dict[Scheme, tuple[str, ...]] = {scheme: (name,) for scheme, name in single.items() if name is not None}
    in_cdi = tuple(name for name, nodes in _cdi_names(host.software.cdi) if _own_nodes(device) & nodes)
    return {**told, "cdi": in_cdi} if in_cdi else told


def resolve(host: Host, name: str) -> Device | None:
    """The device that a name of any scheme means; None when it means none, or several.

    Understood: `cuda0`, `rocm1`, `cpu`; `nvml:0`, `cuda:0`, `fastest:0`, `rocm:0`; a PCI address with or without its
    domain; a UUID or an unambiguous beginning of one, and that of a part of the card; `card0`, `renderD128`,
    `nvidia0`, also as paths in `/dev`; `nvidia.com/gpu=0`.
    """
    devices = (*host.devices, *host.idle_gpus)
    found = [device for device in devices if any(matches(device) for matches in _readings(host, name))]
    return found[0] if len(found) == 1 else None


def is_fastest_a_guess(host: Host) -> bool:
    """Whether CUDA's own order is only a guess: it makes the fastest card the first, and here cards differ."""
    return len({device.title for device in host.of_kind("cuda")}) > 1


def with_cuda_order(devices: Sequence[Device]) -> tuple[Device, ...]:
    """These devices with their index in CUDA's own order: the fastest one first, the others by PCI address."""
    cards = [device for device in devices if device.kind == "cuda"]
    first = max(cards, key=_speed, default=None)
    order = [card.name for card in ([first] if first else []) + [card for card in cards if card is not first]]
    return tuple(
        replace(device, fastest=order.index(device.name)) if device.kind == "cuda" else device for device in devices
    )


def expand(host: Host, selectors: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Device names that `selectors` (`cuda0`, `cuda:all`, `cpu`) stand for, and the selectors that mean nothing.

    A single device needs not be known to the host: a declared budget may stand for it. Any other name is one that
    `resolve` understands.
    """
    chosen: dict[str, None] = {}
    unknown: list[str] = []
    for selector in selectors:
        found = _expand_one(host, selector)
        if not found:
            unknown.append(selector)
        chosen.update(dict.fromkeys(found))
    return tuple(chosen), tuple(unknown)


def visibility(host: Host, devices: Sequence[str]) -> dict[str, str]:
    """Environment that shows exactly these devices to CUDA and HIP programs and hides every other GPU of the host.

    Devices that the host does not know are named by index in PCI order.
    """
    environment: dict[str, str] = {}
    for kind, variable in (("cuda", "CUDA_VISIBLE_DEVICES"), ("rocm", "ROCR_VISIBLE_DEVICES")):
        chosen = [name for name in devices if name.startswith(kind)]
        if not chosen and not host.of_kind(kind):
            continue
        environment[variable] = ",".join(_driver_name(host, name) for name in chosen)
        if kind == "cuda":
            environment["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"
    return environment


def _expand_one(host: Host, selector: str) -> tuple[str, ...]:
    if selector == "cpu":
        return ("cpu",)
    match = _SELECTOR.fullmatch(selector)
    if match is None:
        device = resolve(host, selector)
        return (device.name,) if device in host.devices else ()
    if match["all"]:
        return tuple(device.name for device in host.of_kind(match["kind"]))
    return (selector,)


def _driver_name(host: Host, name: str) -> str:
    device = host.device(name)
    if device is not None and device.uuid is not None:
        return device.uuid
    return name.lstrip("abcdefghijklmnopqrstuvwxyz")


def _readings(host: Host, name: str) -> Iterator[Callable[[Device], bool]]:
    """Each way to understand a name, as a test of a device."""
    yield lambda device: device.name == name
    plain = name.removeprefix("/dev/").removeprefix("dri/")
    yield lambda device: plain in (device.card, device.render, f"nvidia{device.minor}")
    if counted := _COUNTED.fullmatch(name):
        yield _counts(counted[1], int(counted[2]))
    if address := _ADDRESS.fullmatch(name):
        domain, rest = int(address[1] or "0", 16), address[2].lower()
        yield lambda device: device.address == f"{domain:04x}:{rest}"
    if name.lower().startswith("gpu-") and len(name) >= _FEWEST_OF_UUID + len("gpu-"):
        yield lambda device: (device.uuid or "").lower().startswith(name.lower())
    yield lambda device: name in {partition.uuid for partition in device.partitions}
    nodes = dict(_cdi_names(host.software.cdi)).get(name, frozenset())
    yield lambda device: bool(_own_nodes(device) & nodes)


def _counts(scheme: str, number: int) -> Callable[[Device], bool]:
    if scheme == "nvml":
        return lambda device: device.nvml == number
    if scheme == "fastest":
        return lambda device: device.fastest == number
    kind = "rocm" if scheme == "hip" else scheme
    return lambda device: device.name == f"{kind}{number}"


def _cdi_names(specifications: Sequence[Cdi]) -> Iterator[tuple[str, frozenset[str]]]:
    """Names for one device each, with their device files; a name for all devices names none."""
    for cdi in specifications:
        for device in cdi.devices:
            if device.name != "all":
                yield f"{cdi.kind}={device.name}", frozenset(device.nodes)


def _own_nodes(device: Device) -> frozenset[str]:
    """The device files that belong to this device alone."""
    own = [f"/dev/dri/{name}" for name in (device.card, device.render) if name]
    return frozenset(own if device.minor is None else [*own, f"/dev/nvidia{device.minor}"])


def _number(value: int | None) -> str | None:
    return None if value is None else str(value)


def _speed(device: Device) -> int:
    return (device.cores or 0) * (device.clock_mhz or 0)
