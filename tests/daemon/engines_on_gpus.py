"""Engines whose processes a test makes up, on GPUs of a fake NVML and the real CPU, watched by the daemon's memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from remuda.daemon.memory import Ears, Memory
from remuda.edge.peaks import Peaks
from remuda.edge.probes.memory import MachineProbe
from remuda.edge.probes.memory_cpu import Cpu
from remuda.edge.probes.memory_nvidia import Nvidia
from remuda.facts.memory import Reading
from remuda.plan.plan import Instance
from remuda.residency.events import Foreign
from tests.edge.probes.fake_nvml import GIB, FakeNvml, Gpu


def instance(model: str = "m", *devices: str, **more: Any) -> Instance:
    return Instance(model, model, "vllm", "process", model=model, devices=devices or ("cuda0",), **more)


class NoPids:
    """Pids here are made up: what this machine calls by them is not looked at."""

    def read(self, device: str, pids: Collection[int]) -> Reading | None:
        return Cpu().read(device, ())


class Machine:
    """GPUs, what runs on them, and what the daemon was told."""

    def __init__(self, directory: Path, *gpus: Gpu) -> None:
        self.gpus = gpus or (Gpu(),)
        self.processes: dict[str, set[int]] = {}
        self.measured: list[str] = []
        self.observed: list[Mapping[str, Foreign]] = []
        self.failed: list[str] = []
        self.path = directory / "peaks.json"
        self.memory = self.daemon()

    def daemon(self) -> Memory:
        """The memory of another daemon, which knows what the last one wrote."""
        probe = MachineProbe({"cuda": Nvidia(FakeNvml(*self.gpus), lambda: (1, 1)), "cpu": NoPids()})
        ears = Ears(lambda measured: self.measured.append(measured.model_id), self.observed.append, self.failed.append)
        names = [f"cuda{number}" for number in range(len(self.gpus))]
        return Memory(probe, names, Peaks(self.path), lambda instance: instance.fingerprint, ears)

    def start(self, model: Instance, pid: int, size_bytes: int = GIB) -> None:
        """An engine that has loaded so much on its first GPU."""
        self.processes[model.model_id] = {pid}
        self.gpus[0].run(pid, size_bytes)
        self.memory.watch(model, lambda: self.processes[model.model_id])

    def grow(self, pid: int, size_bytes: int) -> None:
        self.gpus[0].end(pid)
        self.gpus[0].run(pid, size_bytes)

    def end(self, model: str, *, late_bytes: int = 0) -> None:
        """All processes of the engine end; some of their memory may take a while."""
        for pid in self.processes[model]:
            self.gpus[0].end(pid)
        self.processes[model] = set()
        self.gpus[0].late_bytes += late_bytes

    def foreign(self, device: str = "cuda0") -> Foreign:
        return next(told[device] for told in reversed(self.observed) if device in told)
