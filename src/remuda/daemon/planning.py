"""From a fleet to all that a daemon needs to know before it starts anything: plan, policy, programs.

The same for the start and for every reload, and refused as a whole with everything that is wrong with it. The machine
is looked at once, when the daemon starts: what its own engines use later is not less of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from remuda.daemon.job import Job
from remuda.edge.containers.argv import TOOLS
from remuda.edge.containers.cli import require
from remuda.edge.programs import find_program
from remuda.engines import ENGINES
from remuda.errors import EffectError, Problem, UnsatisfiableError
from remuda.facts.host import Host
from remuda.plan.plan import Instance, Plan, decide
from remuda.residency.policy import Policy, policy_of
from remuda.spec.fleet import Fleet


@dataclass(frozen=True, slots=True)
class Planned:
    """A fleet that can be run here; `programs` holds the argv prefix of each model's engine."""

    fleet: Fleet
    plan: Plan
    policy: Policy
    programs: Mapping[str, tuple[str, ...]]


class Planner:
    """Plans the fleets of one job on one host."""

    def __init__(self, job: Job, host: Host) -> None:
        self._job = job
        self._host = host

    @property
    def devices(self) -> tuple[str, ...]:
        """The devices of the host, by name."""
        return tuple(device.name for device in self._host.devices)

    def plan(self, fleet: Fleet) -> Planned:
        """What a fleet means here. Raises UnsatisfiableError with all that it cannot have."""
        plan = decide(fleet, self._host, only=self._job.only)
        programs: dict[str, tuple[str, ...]] = {}
        refusals = list(plan.refusals)
        for model, instance in plan.instances.items():
            try:
                programs[model] = self._program(instance)
            except (UnsatisfiableError, EffectError) as error:
                refusals.append(Problem(error.message, path=("models", model, "engine"), hint=error.hint))
        if refusals:
            raise UnsatisfiableError("this fleet cannot be run here", problems=refusals)
        return Planned(fleet, plan, policy_of(plan), programs)

    def _program(self, instance: Instance) -> tuple[str, ...]:
        if instance.runtime in TOOLS:
            require(instance.runtime, self._job.environment)
        if instance.runtime != "process" or instance.cmd:
            return ()
        executable = instance.executable
        if executable and "/" in executable:
            executable = str(self._job.file.parent.resolve() / Path(executable).expanduser())
        return find_program(ENGINES[instance.engine], executable)
