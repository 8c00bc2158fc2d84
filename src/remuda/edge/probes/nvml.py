"""Asks NVML for all that it knows of the GPUs, as the plain document of `remuda.facts.parse.nvml`.

No context of CUDA is made. Every question is asked by itself: what a card does not support, or the driver or its
library is too old for, is left out, and a card that is lost is a finding beside the others.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from remuda.edge.probes.limits import Files
from remuda.edge.probes.memory_nvidia import Nvidia, capacity
from remuda.facts.parse.nvml import Gpu, Memory, Mig, Peer, Process, Report

_CLOCK_SM = 1
_MOST_LINKS = 36
_P2P_READ = 0
"""`NVML_P2P_CAPS_INDEX_READ`, which nvidia-ml-py has as a tuple."""


def report(nvml: Any, files: Files) -> Report:
    """What an opened NVML says."""
    handles = dict(_handles(nvml, files))
    return Report(
        driver=_ask(nvml, "nvmlSystemGetDriverVersion") or "unknown",
        cuda=_ask(nvml, "nvmlSystemGetCudaDriverVersion"),
        gpus=tuple(_gpu(nvml, index, handles, files) for index in handles),
    )


def _handles(nvml: Any, files: Files) -> Iterator[tuple[int, Any]]:
    for index in range(nvml.nvmlDeviceGetCount()):
        try:
            handle = nvml.nvmlDeviceGetHandleByIndex(index)
            nvml.nvmlDeviceGetUUID(handle)
        except nvml.NVMLError as error:
            files.note("broken", f"cannot ask the NVIDIA driver about GPU {index}: {error}")
        else:
            yield index, handle


def _gpu(nvml: Any, index: int, handles: dict[int, Any], files: Files) -> Gpu:
    handle = handles[index]
    memory = capacity(nvml, handle)
    ecc = _ask(nvml, "nvmlDeviceGetEccMode", handle)
    mig = _ask(nvml, "nvmlDeviceGetMigMode", handle)
    display = _ask(nvml, "nvmlDeviceGetDisplayActive", handle)
    return Gpu(
        index=index,
        name=nvml.nvmlDeviceGetName(handle),
        uuid=nvml.nvmlDeviceGetUUID(handle),
        bus_id=_bus_id(nvml.nvmlDeviceGetPciInfo(handle)),
        minor=_ask(nvml, "nvmlDeviceGetMinorNumber", handle),
        capability=_ask(nvml, "nvmlDeviceGetCudaComputeCapability", handle),
        memory=Memory(*memory) if memory else None,
        cores=_ask(nvml, "nvmlDeviceGetNumGpuCores", handle),
        clock_mhz=_ask(nvml, "nvmlDeviceGetMaxClockInfo", handle, _CLOCK_SM),
        is_ecc=bool(ecc[0]) if ecc else None,
        is_mig=bool(mig[0]) if mig else None,
        has_display=None if display is None else bool(display),
        processes=tuple(_processes(nvml, index, files)),
        partitions=tuple(_partitions(nvml, handle)) if mig and mig[0] else (),
        nvlinks=tuple(_nvlinks(nvml, handle)),
        peers=tuple(_peer(nvml, handle, other) for number, other in handles.items() if number != index),
    )


def _processes(nvml: Any, index: int, files: Files) -> Iterator[Process]:
    reading = Nvidia(nvml, lambda: (0, 0)).read(f"cuda{index}", ())
    for holder in reading.holders if reading else ():
        # Its name, not its arguments, which may hold secrets.
        yield Process(holder.pid, holder.used_bytes, files.line(f"proc/{holder.pid}/comm"))


def _partitions(nvml: Any, handle: Any) -> Iterator[Mig]:
    for number in range(_ask(nvml, "nvmlDeviceGetMaxMigDeviceCount", handle) or 0):
        part = _ask(nvml, "nvmlDeviceGetMigDeviceHandleByIndex", handle, number)
        memory = None if part is None else capacity(nvml, part)
        if memory is not None:
            yield Mig(nvml.nvmlDeviceGetUUID(part), nvml.nvmlDeviceGetName(part), memory[0])


def _nvlinks(nvml: Any, handle: Any) -> Iterator[str]:
    """The other ends of the active links; a card without any refuses the first question."""
    for number in range(_MOST_LINKS):
        state = _ask(nvml, "nvmlDeviceGetNvLinkState", handle, number)
        if state is None:
            return
        end = _ask(nvml, "nvmlDeviceGetNvLinkRemotePciInfo", handle, number) if state else None
        if end is not None:
            yield _bus_id(end)


def _peer(nvml: Any, handle: Any, other: Any) -> Peer:
    status = _ask(nvml, "nvmlDeviceGetP2PStatus", handle, other, _P2P_READ)
    return Peer(
        bus_id=_bus_id(nvml.nvmlDeviceGetPciInfo(other)),
        topology=_ask(nvml, "nvmlDeviceGetTopologyCommonAncestor", handle, other),
        is_p2p=None if status is None else status == 0,
    )


def _bus_id(info: Any) -> str:
    bus_id = info.busId
    return bus_id.decode() if isinstance(bus_id, bytes) else str(bus_id)


def _ask(nvml: Any, question: str, *about: Any) -> Any:
    """The answer; None where the library does not know the question or the card does not support it."""
    function = getattr(nvml, question, None)
    if function is None:
        return None
    with contextlib.suppress(nvml.NVMLError):
        return function(*about)
    return None
