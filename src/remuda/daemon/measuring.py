"""Puts the memory of engines together with the daemon: what is learned of it is told to residency.

What was measured replaces the claims of a model of which the fleet file says nothing (`claims_all`): neither what it
needs, nor what it fits together with.
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
        if instance.model_id not in plan.instances or not instance.claims_all:
            return
        claims = self.memory.claims_for(instance, plan.budget)
        if claims is not None:
            self._around.dispatcher.emit(MemoryMeasured(instance.model_id, claims))

    def _observed(self, foreign: Mapping[str, Foreign]) -> None:
        self._around.dispatcher.emit(DevicesObserved(foreign))

    def _failed(self, message: str) -> None:
        self._around.reporter(report.Noted(Problem(message, severity="warning")))
