"""From a fleet to all that a daemon needs to know before it starts anything: plan, policy, programs.

The same for the start and for every reload, and refused as a whole with everything that is wrong with it. The machine
is looked at once, when the daemon starts: what its own engines use later is not less of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from remuda.daemon.job import Job
from remuda.edge.containers.argv import TOOLS
from remuda.edge.containers.cli import require
from remuda.edge.paths import Places
from remuda.edge.peaks import Peaks, key_of
from remuda.edge.probes.host import probe_devices
from remuda.edge.programs import find_program
from remuda.edge.records import Records
from remuda.engines import ENGINES
from remuda.errors import EffectError, Problem, UnsatisfiableError
from remuda.facts.host import Host
from remuda.plan.plan import Instance, Plan, decide
from remuda.render.ports import ports
from remuda.residency.policy import Policy, policy_of
from remuda.spec.fleet import Fleet
from remuda.spec.merge import effective
from remuda.spec.unit import unit_name


@dataclass(frozen=True, slots=True)
class Planned:
    """A fleet that can be run here; `programs` holds the argv prefix of each model's engine."""

    fleet: Fleet
    plan: Plan
    policy: Policy
    programs: Mapping[str, tuple[str, ...]]


class Planner:
    """Plans the fleets of one job on one host; `peaks` is what is known of earlier runs."""

    def __init__(self, job: Job, host: Host, peaks: Peaks) -> None:
        self._job = job
        self._host = host
        self._peaks = peaks

    @property
    def devices(self) -> tuple[str, ...]:
        """The devices of the host, by name."""
        return tuple(device.name for device in self._host.devices)

    def plan(self, fleet: Fleet) -> Planned:
        """What a fleet means here. Raises UnsatisfiableError with all that it cannot have."""
        plan = _with_units(fleet, decide(fleet, self._host, only=self._job.only))
        programs: dict[str, tuple[str, ...]] = {}
        refusals = list(plan.refusals)
        for model, instance in plan.instances.items():
            try:
                programs[model] = self._program(instance)
            except (UnsatisfiableError, EffectError) as error:
                refusals.append(Problem(error.message, path=("models", model, "engine"), hint=error.hint))
        if refusals:
            raise UnsatisfiableError("this fleet cannot be run here", problems=refusals)
        return Planned(fleet, plan, policy_of(plan, self._load_s(plan, programs)), programs)

    def _load_s(self, plan: Plan, programs: Mapping[str, tuple[str, ...]]) -> dict[str, float]:
        """How long the last load of each model took, where that is known."""
        directory = self._job.file.parent.resolve()
        found: dict[str, float] = {}
        for model, instance in plan.instances.items():
            is_ours = instance.runtime == "process"
            key = key_of(instance, programs[model], directory) if is_ours else instance.fingerprint
            if (load_s := self._peaks.load_s(key)) is not None:
                found[model] = load_s
        return found

    def _program(self, instance: Instance) -> tuple[str, ...]:
        if instance.runtime in TOOLS:
            require(instance.runtime, self._job.environment)
        if instance.runtime != "process" or instance.cmd:
            return ()
        executable = instance.executable
        if executable and "/" in executable:
            executable = str(self._job.file.parent.resolve() / Path(executable).expanduser())
        return find_program(ENGINES[instance.engine], executable)


def _with_units(fleet: Fleet, plan: Plan) -> Plan:
    """The plan with the units of the models that systemd runs, and the ports that these have been written with."""
    port_of = ports(fleet)
    instances = {
        model: replace(instance, unit=f"{unit_name(effective(fleet, model))}.service", port=port_of[model])
        if instance.runtime == "systemd"
        else instance
        for model, instance in plan.instances.items()
    }
    return replace(plan, instances=instances)


def planner_of(job: Job, at: Places, peaks: Peaks) -> Planner:
    """A planner for this machine as it is without the engines of an earlier daemon, which are this fleet's own."""
    held: dict[str, int] = {}
    for record in Records(at.instances).load():
        if record.identity.is_alive:
            for device, claim in record.claims.items():
                held[device] = held.get(device, 0) + claim
    return Planner(job, probe_devices().with_freed(held), peaks)
