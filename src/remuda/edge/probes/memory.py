"""How much of each device is free, and which processes hold the rest: one probe over the sources of every vendor.

Nothing here opens a CUDA or HIP context. It blocks for milliseconds (a driver in trouble, for longer): call it in a
thread, one call at a time.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Protocol

from remuda.edge.probes import memory_cpu, memory_nvidia
from remuda.edge.probes.memory_amd import Amd
from remuda.facts.memory import Reading


class Source(Protocol):
    """Reads the devices of one kind."""

    def read(self, device: str, pids: Collection[int]) -> Reading | None:
        """The device now; None when it is not there or does not answer. Raises OSError, KeyError, ValueError."""
        ...


class Probe(Protocol):
    """What the daemon needs of `MachineProbe`."""

    def read(self, device: str, pids: Collection[int]) -> Reading | None:
        """The device now, with what these processes hold of it; None when that cannot be found out."""
        ...

    def command(self, pid: int) -> str:
        """What a process calls itself."""
        ...


class MachineProbe:
    """Reads the devices of this machine; `sources` by the kind of a device (`cpu`, `cuda`, `rocm`)."""

    def __init__(self, sources: Mapping[str, Source]) -> None:
        self._sources = sources

    def read(self, device: str, pids: Collection[int]) -> Reading | None:
        """The device now, with what these processes hold of it; None when that cannot be found out."""
        source = self._sources.get(device.rstrip("0123456789"))
        try:
            return source.read(device, pids) if source else None
        except (OSError, KeyError, ValueError):
            return None

    def command(self, pid: int) -> str:
        """What a process calls itself: its name, not its arguments, which may hold secrets."""
        try:
            return Path(f"/proc/{pid}/comm").read_text(errors="replace").strip()
        except OSError:
            return "a process that has gone"


def machine_probe() -> MachineProbe:
    """The probe of this machine. Raises ProbeError when a driver is there and does not answer."""
    sources: dict[str, Source] = {"cpu": memory_cpu.Cpu(), "rocm": Amd()}
    nvml = memory_nvidia.connect()
    if nvml is not None:
        sources["cuda"] = memory_nvidia.Nvidia(nvml, memory_cpu.capacity)
    return MachineProbe(sources)
