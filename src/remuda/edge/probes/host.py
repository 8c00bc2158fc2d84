"""Asks this machine for its devices.

NVIDIA GPUs come from NVML, never from CUDA, and AMD GPUs from sysfs, never from HIP: a daemon that opened a context
would hold memory on every card for ever. A machine without a driver simply has no such device; a driver that is there
but does not answer is an error. Intel GPUs are not looked for yet: they need a declared budget.

A GPU that has no memory of its own counts with the machine's, of which `cpu` tells as well.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from remuda.edge.probes import memory_cpu, memory_nvidia
from remuda.edge.probes.memory_amd import Amd
from remuda.errors import ProbeError
from remuda.facts.host import Device, Host
from remuda.facts.parse import meminfo


def host() -> Host:
    """The devices of this machine, the CPU first."""
    return Host(devices=(_cpu(), *_nvidia(), *amd(Amd())))


def _cpu() -> Device:
    try:
        return meminfo.cpu(Path("/proc/meminfo").read_text())
    except (OSError, KeyError, ValueError) as error:
        message = f"cannot tell how much memory this machine has from /proc/meminfo: {error!r}"
        raise ProbeError(message) from error


def _nvidia() -> tuple[Device, ...]:
    nvml = memory_nvidia.connect()
    if nvml is None:
        return ()
    try:
        return nvidia(nvml)
    finally:
        nvml.nvmlShutdown()


def nvidia(nvml: Any) -> tuple[Device, ...]:
    """The GPUs of an opened NVML. Raises ProbeError when one of them does not answer."""
    try:
        handles = [nvml.nvmlDeviceGetHandleByIndex(index) for index in range(nvml.nvmlDeviceGetCount())]
        return tuple(_nvidia_device(nvml, index, handle) for index, handle in enumerate(handles))
    except nvml.NVMLError as error:
        message = f"cannot ask the NVIDIA driver about a GPU: {error}"
        raise ProbeError(message, hint="look at `nvidia-smi` and the kernel's log: a GPU may be lost") from error


def _nvidia_device(nvml: Any, index: int, handle: Any) -> Device:
    total_bytes, free_bytes = memory_nvidia.capacity(nvml, handle) or memory_cpu.capacity()
    return Device(
        name=f"cuda{index}",
        title=nvml.nvmlDeviceGetName(handle),
        total_bytes=total_bytes,
        free_bytes=free_bytes,
        uuid=nvml.nvmlDeviceGetUUID(handle),
    )


def amd(source: Amd) -> tuple[Device, ...]:
    """The GPUs that the compute driver of AMD knows. Raises ProbeError when one of them does not answer."""
    devices = []
    for number, node in enumerate(source.nodes):
        try:
            total_bytes, free_bytes = source.capacity(node)
        except (OSError, ValueError) as error:
            message = f"cannot tell how much memory the AMD GPU at {node.address} has: {error}"
            raise ProbeError(message, hint="look at the kernel's log: the driver may have lost it") from error
        devices.append(Device(f"rocm{number}", f"AMD {node.gfx}", total_bytes, free_bytes, node.uuid))
    return tuple(devices)
