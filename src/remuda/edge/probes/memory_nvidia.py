"""The memory of NVIDIA GPUs and who holds it, from NVML: no CUDA context is opened, which would hold memory itself.

The library stays open as long as the probe lives: to open it takes tens of milliseconds, and costs no GPU memory.

What NVML tells needs reading with care. A process may be listed both for compute and for graphics, each time with all
that it holds. On a GPU that is partitioned (MIG) it is listed once for each instance, with what it holds there. Its
size is missing where the driver does not know it. And a GPU that shares the machine's memory (GB10) supports no answer
about memory as a whole: then what the machine has is what the GPU has.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Sequence
from typing import Any, Protocol

from remuda.errors import ProbeError
from remuda.facts.memory import Holder, Reading


class Nvml(Protocol):
    """The part of `pynvml` that is used here."""

    NVMLError: type[Exception]
    NVMLError_NotSupported: type[Exception]

    def nvmlDeviceGetHandleByIndex(self, index: int) -> Any:  # noqa: N802, D102
        ...

    def nvmlDeviceGetMemoryInfo(self, handle: Any) -> Any:  # noqa: N802, D102
        ...

    def nvmlDeviceGetComputeRunningProcesses(self, handle: Any) -> Sequence[Any]:  # noqa: N802, D102
        ...

    def nvmlDeviceGetGraphicsRunningProcesses(self, handle: Any) -> Sequence[Any]:  # noqa: N802, D102
        ...

    def nvmlDeviceGetMPSComputeRunningProcesses(self, handle: Any) -> Sequence[Any]:  # noqa: N802, D102
        ...


def connect() -> Any | None:
    """The library, opened; None on a machine without the driver. Raises ProbeError when the driver does not answer."""
    import pynvml  # noqa: PLC0415  70 ms that only `up` has to pay

    try:
        pynvml.nvmlInit()
    except (pynvml.NVMLError_LibraryNotFound, pynvml.NVMLError_DriverNotLoaded):
        return None
    except pynvml.NVMLError as error:
        message = f"cannot ask the NVIDIA driver for its GPUs: {error}"
        raise ProbeError(message, hint="run `nvidia-smi`: the driver and its library may differ in version") from error
    return pynvml


def capacity(nvml: Nvml, handle: Any) -> tuple[int, int] | None:
    """Total and free bytes of a GPU; None when it shares the machine's memory."""
    try:
        memory = nvml.nvmlDeviceGetMemoryInfo(handle)
    except nvml.NVMLError_NotSupported:
        return None
    return memory.total, memory.free


class Nvidia:
    """Reads `cuda0`, `cuda1`, … in NVML's order. `machine` reads total and available bytes of the machine's memory."""

    def __init__(self, nvml: Nvml, machine: Callable[[], tuple[int, int]]) -> None:
        self._nvml = nvml
        self._machine = machine

    def read(self, device: str, pids: Collection[int]) -> Reading | None:  # noqa: ARG002  NVML lists them all
        """The GPU and all who hold memory of it, whichever processes were asked for; None when it does not answer."""
        try:
            handle = self._nvml.nvmlDeviceGetHandleByIndex(int(device.removeprefix("cuda")))
            own = capacity(self._nvml, handle)
            total_bytes, free_bytes = own or self._machine()
            return Reading(device, total_bytes, free_bytes, self._holders(handle), is_unified=own is None)
        except self._nvml.NVMLError:
            return None

    def _holders(self, handle: Any) -> tuple[Holder, ...]:
        parts: dict[tuple[int, int, int], int | None] = {}
        for listing in (
            self._nvml.nvmlDeviceGetComputeRunningProcesses,
            self._nvml.nvmlDeviceGetGraphicsRunningProcesses,
            self._nvml.nvmlDeviceGetMPSComputeRunningProcesses,
        ):
            with contextlib.suppress(self._nvml.NVMLError):  # old drivers and some boards lack one of them
                for found in listing(handle):
                    part = (found.pid, found.gpuInstanceId, found.computeInstanceId)
                    parts[part] = _larger(parts.get(part, 0), found.usedGpuMemory)
        return tuple(_holder(pid, parts) for pid in sorted({pid for pid, _, _ in parts}))


def _larger(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else max(one, other)


def _holder(pid: int, parts: dict[tuple[int, int, int], int | None]) -> Holder:
    sizes = [size for (owner, _, _), size in parts.items() if owner == pid]
    known = [size for size in sizes if size is not None]
    return Holder(pid, sum(known) if len(known) == len(sizes) else None)
