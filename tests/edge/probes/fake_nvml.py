"""NVML as `nvidia-ml-py` presents it: its own exceptions and structures, over GPUs that a test sets up.

What the real library does and this one does as well: `used` holds what the driver has for itself; a process that has
gone is listed no more, while its memory may still be on its way back; a process that computes and draws is listed in
both lists with its whole size; a size that the driver does not know is None; functions that a GPU does not support
raise `NVMLError_NotSupported`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pynvml

GIB = 1024**3
MIB = 1024**2
NO_INSTANCE = 0xFFFFFFFF


@dataclass
class Listed:
    """One line of a list of processes; attributes as the library spells them."""

    pid: int
    usedGpuMemory: int | None  # noqa: N815
    gpuInstanceId: int = NO_INSTANCE  # noqa: N815
    computeInstanceId: int = NO_INSTANCE  # noqa: N815


@dataclass
class Gpu:
    """`late_bytes`: what has not come back yet of processes that have gone."""

    total_bytes: int = 24 * GIB
    driver_bytes: int = 400 * MIB
    late_bytes: int = 0
    computing: list[Listed] = field(default_factory=list)
    drawing: list[Listed] = field(default_factory=list)
    uuid: str = "GPU-0"
    bus_id: str = "00000000:01:00.0"
    links: tuple[str, ...] = ()
    parts: tuple[Gpu, ...] = ()
    has_memory: bool = True
    has_graphics: bool = True
    is_lost: bool = False
    unlisted: dict[int, int] = field(default_factory=dict)

    def run(self, pid: int, size_bytes: int) -> None:
        self.computing.append(Listed(pid, size_bytes))

    def end(self, pid: int, late_bytes: int = 0) -> None:
        self.computing = [listed for listed in self.computing if listed.pid != pid]
        self.unlisted.pop(pid, None)
        self.late_bytes += late_bytes

    @property
    def used_bytes(self) -> int:
        listed = {item.pid: item.usedGpuMemory or 0 for item in (*self.drawing, *self.computing)}
        return self.driver_bytes + self.late_bytes + sum(listed.values()) + sum(self.unlisted.values())


class FakeNvml:
    """The functions that the daemon calls."""

    NVMLError: type[Exception] = pynvml.NVMLError
    NVMLError_NotSupported: type[Exception] = pynvml.NVMLError_NotSupported

    def __init__(self, *gpus: Gpu) -> None:
        self.gpus = gpus

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802
        return len(self.gpus)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> Gpu:  # noqa: N802
        if index >= len(self.gpus):
            raise pynvml.NVMLError(pynvml.NVML_ERROR_INVALID_ARGUMENT)
        if self.gpus[index].is_lost:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_GPU_IS_LOST)
        return self.gpus[index]

    def nvmlDeviceGetName(self, handle: Gpu) -> str:  # noqa: N802
        return "NVIDIA GeForce RTX 3090"

    def nvmlDeviceGetUUID(self, handle: Gpu) -> str:  # noqa: N802
        return handle.uuid

    def nvmlSystemGetDriverVersion(self) -> str:  # noqa: N802
        return "575.57.08"

    def nvmlSystemGetCudaDriverVersion(self) -> int:  # noqa: N802
        return 12090

    def nvmlDeviceGetPciInfo(self, handle: Gpu) -> Any:  # noqa: N802
        return pynvml.nvmlPciInfo_t(busId=handle.bus_id.encode())

    def nvmlDeviceGetCudaComputeCapability(self, handle: Gpu) -> tuple[int, int]:  # noqa: N802
        return 8, 6

    def nvmlDeviceGetMigMode(self, handle: Gpu) -> list[int]:  # noqa: N802
        if not handle.parts:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)
        return [1, 1]

    def nvmlDeviceGetMaxMigDeviceCount(self, handle: Gpu) -> int:  # noqa: N802
        return 7

    def nvmlDeviceGetMigDeviceHandleByIndex(self, handle: Gpu, index: int) -> Gpu:  # noqa: N802
        if index >= len(handle.parts):
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_FOUND)
        return handle.parts[index]

    def nvmlDeviceGetNvLinkState(self, handle: Gpu, link: int) -> int:  # noqa: N802
        if link >= len(handle.links):
            raise pynvml.NVMLError(pynvml.NVML_ERROR_INVALID_ARGUMENT)
        return int(bool(handle.links[link]))

    def nvmlDeviceGetNvLinkRemotePciInfo(self, handle: Gpu, link: int) -> Any:  # noqa: N802
        return pynvml.nvmlPciInfo_t(busId=handle.links[link].encode())

    def nvmlDeviceGetP2PStatus(self, handle: Gpu, other: Gpu, index: int) -> int:  # noqa: N802
        return 0 if handle.links else 1

    def nvmlDeviceGetMemoryInfo(self, handle: Gpu) -> Any:  # noqa: N802
        if not handle.has_memory:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)
        used = handle.used_bytes
        return pynvml.c_nvmlMemory_t(total=handle.total_bytes, free=handle.total_bytes - used, used=used)

    def nvmlDeviceGetComputeRunningProcesses(self, handle: Gpu) -> list[Listed]:  # noqa: N802
        return list(handle.computing)

    def nvmlDeviceGetGraphicsRunningProcesses(self, handle: Gpu) -> list[Listed]:  # noqa: N802
        if not handle.has_graphics:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)
        return list(handle.drawing)

    def nvmlDeviceGetMPSComputeRunningProcesses(self, handle: Gpu) -> list[Listed]:  # noqa: N802
        raise pynvml.NVMLError(pynvml.NVML_ERROR_FUNCTION_NOT_FOUND)
