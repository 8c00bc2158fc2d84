"""The plan: which instances there can be, on which devices, with which claims on their memory.

`decide` is a pure function of the fleet and the facts of a host. What cannot be run as the file asks is refused with a
`Problem` at its place in the file; what was assumed is a note. Whether two instances fit together is not decided here
but, with the same claims and budgets, by `remuda.residency` at every swap.

A model whose build is certain not to run on its devices (see `remuda.plan.verdict`) is refused too.

A model that declares no memory claims all of each of its devices, so that it never runs beside another one there;
unless `residency.sets` or `residency.groups` name it: then their author has already said what fits together.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from remuda.errors import Problem
from remuda.facts.host import Host
from remuda.facts.names import expand, visibility
from remuda.plan.care import Care, care
from remuda.plan.container import Contained, contained, nodes
from remuda.plan.serving import Serving, serving
from remuda.plan.sharing import Sharing, Standing, sharing, standing
from remuda.plan.sleeping import asleep_claims
from remuda.plan.verdict.fleet import refusals
from remuda.spec.fleet import Fleet
from remuda.spec.merge import Effective, effective
from remuda.spec.quantity import format_bytes

CONTAINERS = ("podman", "docker")
RUNTIMES = ("process", *CONTAINERS, "systemd", "external")


@dataclass(frozen=True, slots=True)
class Instance:
    """One model, ready to be started: everything but the port and the secrets' values.

    `claims`: bytes of each device; with `claims_all` nobody knows, and it has them to itself. `visible`: the
    environment that shows it its devices and no others. `serving`: how the gateway presents it. `care`: how it is
    looked after. `standing`: its place among the others. `sleep`: the level at which it makes room by sleeping; None
    where it is stopped. `asleep_claims`: what it keeps then, as far as can be told beforehand. `keeps_cache`: whether
    what it has cached is saved when it makes room, and restored when it comes back. `unit`: the one that systemd runs
    it as, which holds all that it is started with. `origin`: the recipe that it is from.
    """

    model_id: str
    title: str
    engine: str
    runtime: str
    model: str | None = None
    served_name: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    environment_files: tuple[str, ...] = ()
    cmd: tuple[str, ...] | None = None
    ready: str | None = None
    executable: str | None = None
    url: str | None = None
    port: int | None = None
    devices: tuple[str, ...] = ()
    claims: Mapping[str, int] = field(default_factory=dict)
    claims_all: bool = False
    visible: Mapping[str, str] = field(default_factory=dict)
    ttl_s: float | None = None
    contained: Contained | None = None
    serving: Serving = field(default_factory=Serving)
    care: Care = field(default_factory=Care)
    standing: Standing = field(default_factory=Standing)
    sleep: int | None = None
    asleep_claims: Mapping[str, int] | None = None
    keeps_cache: bool = False
    unit: str | None = None
    origin: str | None = None

    @property
    def fingerprint(self) -> str:
        """The same for two instances exactly when a running one can stand for the other."""
        deciding = (
            self.engine,
            self.runtime,
            self.model,
            self.served_name,
            self.settings,
            self.environment,
            self.environment_files,
            self.cmd,
            self.ready,
            self.executable,
            self.port,
            self.visible,
            self.care.memory_bytes,
            self.care.cpus,
            self.contained,
            self.sleep,
            self.keeps_cache,
        )
        return hashlib.sha256(json.dumps(deciding, sort_keys=True, default=str).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Plan:
    """What was decided.

    `budget`: bytes that may be claimed of each device. `sharing`: the rules beside it. With `refusals` the fleet
    cannot be run as it stands; `notes` are worth a user's attention.
    """

    instances: Mapping[str, Instance]
    budget: Mapping[str, int]
    sharing: Sharing = field(default_factory=Sharing)
    notes: tuple[Problem, ...] = ()
    refusals: tuple[Problem, ...] = ()


def decide(fleet: Fleet, host: Host, *, only: Iterable[str] = ()) -> Plan:
    """Plan the enabled models of a fleet on a host; `only` narrows it to these."""
    chosen = frozenset(only)
    models = [
        effective(fleet, model_id)
        for model_id, model in fleet.models.items()
        if model.enabled and (not chosen or model_id in chosen)
    ]
    rules = sharing(fleet, host, (model.model_id for model in models if model.runtime != "external"))
    placer = _Placer(fleet, host, rules.named)
    instances = {model.model_id: placer.place(model) for model in models}
    return Plan(
        instances=instances,
        budget=placer.budget,
        sharing=rules,
        notes=tuple(placer.notes),
        refusals=tuple(placer.refusals),
    )


class _Placer:
    """Collects budgets, notes and refusals while the models are placed one by one."""

    def __init__(self, fleet: Fleet, host: Host, named: frozenset[str]) -> None:
        self._declared = fleet.residency.budget
        self._host = host
        self._named = named
        self._verdicts = fleet.lint.verdicts
        self.budget: dict[str, int] = {}
        self.notes: list[Problem] = []
        self.refusals: list[Problem] = []

    def place(self, model: Effective) -> Instance:
        entry = model.entry
        if model.runtime not in RUNTIMES:
            self._refuse(
                model,
                "runtime",
                f"cannot run `{model.model_id}`: runtime `{model.runtime}` is not supported by `remuda up` yet",
                f"choose one of {', '.join(f'`{name}`' for name in RUNTIMES)}",
            )
        devices = () if model.runtime == "external" else self._devices(model)
        self._judge(model, devices)
        claims = self._claims(model, devices)
        return Instance(
            model_id=model.model_id,
            title=entry.name or model.model_id,
            engine=model.engine,
            runtime=model.runtime,
            model=entry.model,
            served_name=entry.served_name,
            settings=model.settings,
            environment=model.environment,
            environment_files=model.environment_files,
            cmd=entry.cmd,
            ready="" if entry.ready is False else entry.ready,
            executable=model.executable,
            url=entry.url,
            port=entry.port,
            devices=devices,
            claims=claims,
            claims_all=bool(devices) and not entry.memory_bytes(devices) and model.model_id not in self._named,
            visible=visibility(self._host, devices) if devices else {},
            ttl_s=entry.ttl_s,
            serving=serving(model),
            care=care(model),
            standing=standing(entry),
            contained=self._contained(model, devices) if model.runtime in CONTAINERS else None,
            sleep=entry.sleep,
            asleep_claims=self._asleep_claims(model, claims, devices),
            keeps_cache=entry.keep_cache,
            origin=model.locked.provenance if model.locked else None,
        )

    def _judge(self, model: Effective, devices: tuple[str, ...]) -> None:
        for problem in refusals(model, self._host, devices) if self._verdicts != "off" else ():
            if problem.severity == self._verdicts == "error":
                self.refusals.append(problem)
            else:
                self.notes.append(replace(problem, severity="warning"))

    def _asleep_claims(
        self, model: Effective, claims: Mapping[str, int], devices: tuple[str, ...]
    ) -> Mapping[str, int] | None:
        if model.entry.sleep is None:
            return None
        kept = asleep_claims(model.entry.sleep, {device: claims[device] for device in devices})
        return {device: size for device, size in kept.items() if self._has_budget(model, device)}

    def _contained(self, model: Effective, devices: tuple[str, ...]) -> Contained | None:
        if model.image is None:
            self._refuse(
                model,
                "runtime",
                f"cannot run `{model.model_id}`: runtime `{model.runtime}` needs an image with its tag or digest",
                "set `image` and `tag`, here or for the engine",
            )
            return None
        return contained(model, model.image, self._host, devices)

    def _devices(self, model: Effective) -> tuple[str, ...]:
        selectors = model.devices if model.devices is not None else self._default_devices()
        names, unknown = expand(self._host, selectors)
        opened = nodes(model, self._host)
        for selector in unknown:
            if selector not in opened:
                self._refuse_device(model, selector)
        if "/dev/kfd" in opened:
            names += tuple(device.name for device in self._host.of_kind("rocm") if device.name not in names)
        return tuple(name for name in names or ("cpu",) * bool(opened) if self._has_budget(model, name))

    def _refuse_device(self, model: Effective, selector: str) -> None:
        why = f"this machine has no device `{selector}`"
        if selector.startswith("/dev/"):
            why = f"`{selector}` is no GPU of this machine, and a process opens any other node by itself"
        self._refuse(model, "devices", f"cannot place `{model.model_id}`: {why}", f"choose from {self._known()}")

    def _default_devices(self) -> tuple[str, ...]:
        gpus = tuple(device.name for device in self._host.devices if device.kind != "cpu")
        return gpus or ("cpu",)

    def _has_budget(self, model: Effective, name: str) -> bool:
        device = self._host.device(name)
        if name in self._declared:
            self.budget[name] = self._declared[name]
        elif device is not None:
            self.budget[name] = device.free_bytes
        else:
            self._refuse(
                model,
                "devices",
                f"cannot place `{model.model_id}`: device `{name}` was not found on this machine",
                f"choose from {self._known()}, or declare `residency.budget.{name}`",
            )
        return name in self.budget

    def _claims(self, model: Effective, devices: tuple[str, ...]) -> dict[str, int]:
        declared = model.entry.memory_bytes(devices)
        if declared:
            # The host's memory is shared by models on GPUs, so `cpu` may be claimed without being a device of theirs.
            extra = {name: claim for name, claim in declared.items() if self._has_budget(model, name)}
            claims = {**dict.fromkeys(devices, 0), **extra}
        elif model.model_id in self._named:
            claims = dict.fromkeys(devices, 0)
        else:
            claims = {name: self.budget[name] for name in devices}
        for name, claim in claims.items():
            if claim > self.budget[name]:
                needs, budget = format_bytes(claim), format_bytes(self.budget[name])
                self._note(
                    model, f"`{model.model_id}` can never load: it needs {needs} of {name}, the budget is {budget}"
                )
        return claims

    def _known(self) -> str:
        return ", ".join(f"`{device.name}`" for device in self._host.devices)

    def _refuse(self, model: Effective, key: str, message: str, hint: str) -> None:
        self.refusals.append(Problem(message, path=("models", model.model_id, key), hint=hint))

    def _note(self, model: Effective, message: str) -> None:
        self.notes.append(Problem(message, path=("models", model.model_id), severity="warning"))
