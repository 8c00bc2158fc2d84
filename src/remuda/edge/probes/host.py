"""Asks this machine for its devices.

NVIDIA GPUs come from NVML, never from CUDA: a daemon that opened a CUDA context would hold memory on every card for
ever. A machine without the driver simply has no such device; a driver that is there but does not answer is an error.
AMD and Intel GPUs are not looked for yet: they need a declared budget.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from remuda.errors import ProbeError
from remuda.facts.host import Device, Host
from remuda.facts.parse import meminfo


def host() -> Host:
    """The devices of this machine, the CPU first."""
    return Host(devices=(_cpu(), *_nvidia()))


def _cpu() -> Device:
    try:
        return meminfo.cpu(Path("/proc/meminfo").read_text())
    except (OSError, KeyError, ValueError) as error:
        message = f"cannot tell how much memory this machine has from /proc/meminfo: {error!r}"
        raise ProbeError(message) from error


def _nvidia() -> tuple[Device, ...]:
    import pynvml  # noqa: PLC0415  70 ms that only `up` has to pay

    try:
        pynvml.nvmlInit()
    except (pynvml.NVMLError_LibraryNotFound, pynvml.NVMLError_DriverNotLoaded):
        return ()
    except pynvml.NVMLError as error:
        message = f"cannot ask the NVIDIA driver for its GPUs: {error}"
        raise ProbeError(message, hint="run `nvidia-smi`: the driver and its library may differ in version") from error
    try:
        handles = [pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(pynvml.nvmlDeviceGetCount())]
        return tuple(_nvidia_device(pynvml, index, handle) for index, handle in enumerate(handles))
    finally:
        pynvml.nvmlShutdown()


def _nvidia_device(nvml: Any, index: int, handle: Any) -> Device:
    memory = nvml.nvmlDeviceGetMemoryInfo(handle)
    return Device(
        name=f"cuda{index}",
        title=nvml.nvmlDeviceGetName(handle),
        total_bytes=memory.total,
        free_bytes=memory.free,
        uuid=nvml.nvmlDeviceGetUUID(handle),
    )
