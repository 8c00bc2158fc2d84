"""Puts the memory of engines together with the daemon: what is learned of it is told to residency.

What was measured replaces the claims of a model of which the fleet file says nothing (`claims_all`): neither what it
needs, nor what it fits together with. What the file declares is never replaced; an engine that uses more of a device
than it declares is reported once, since others may be started where there is no room.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from remuda.daemon import report
from remuda.daemon.dispatcher import Dispatcher
from remuda.daemon.launcher import Launcher
from remuda.daemon.memory import Ears, Memory
from remuda.edge.peaks import Peaks, key_of
from remuda.edge.probes.memory import machine_probe
from remuda.errors import Problem
from remuda.plan.plan import Instance, Plan
from remuda.residency.events import DevicesObserved, Foreign, MemoryMeasured
from remuda.spec.quantity import format_bytes


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the measuring is done for. `plan` gives the plan that is in force."""

    launcher: Launcher
    dispatcher: Dispatcher
    plan: Callable[[], Plan]
    reporter: report.Reporter


class Measuring:
    """The memory of a daemon's engines on these devices. Raises EffectError or ProbeError when it cannot be read."""

    def __init__(self, devices: Iterable[str], peaks: Peaks, around: Surroundings) -> None:
        self._around = around
        ears = Ears(measured=self._measured, observed=self._observed, failed=self._failed)
        self.memory = Memory(machine_probe(), devices, peaks, self._key, ears)
        self._reported: dict[str, Mapping[str, int]] = {}

    def recall(self) -> None:
        """Tell what earlier runs have learned of the models that are in the plan now."""
        for instance in self._around.plan().instances.values():
            self._measured(instance)

    def _key(self, instance: Instance) -> str | None:
        launcher = self._around.launcher
        if instance.runtime != "process":
            return None
        return key_of(instance, launcher.programs.get(instance.model_id, ()), launcher.directory)

    def _measured(self, instance: Instance) -> None:
        plan = self._around.plan()
        if instance.model_id not in plan.instances:
            return
        if not instance.claims_all:
            self._compare(instance)
            return
        claims = self.memory.claims_for(instance, plan.budget)
        if claims is not None:
            self._around.dispatcher.emit(MemoryMeasured(instance.model_id, claims))

    def _compare(self, instance: Instance) -> None:
        """Report once that the engine uses more than the file declares, on devices of which it says something."""
        model, claims = instance.model_id, instance.claims
        peak_bytes = self.memory.peak_bytes(model)
        excess = [device for device, claim in claims.items() if 0 < claim < peak_bytes.get(device, 0)]
        if not excess or self._reported.get(model) == claims:
            return
        self._reported[model] = claims
        used = " and ".join(f"{format_bytes(peak_bytes[device])} of `{device}`" for device in excess)
        message = f"`{model}` uses {used}, more than the `memory` that it declares"
        problem = Problem(message, ("models", model, "memory"), hint="declare at least as much", severity="warning")
        self._around.reporter(report.Noted(problem))

    def _observed(self, foreign: Mapping[str, Foreign]) -> None:
        self._around.dispatcher.emit(DevicesObserved(foreign))

    def _failed(self, message: str) -> None:
        self._around.reporter(report.Noted(Problem(message, severity="warning")))
