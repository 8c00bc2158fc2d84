"""`remuda render systemd`: a unit for each model and the gateway that starts and stops them, with no other supervisor.

A model with an image is a unit of podman's Quadlet, one without is a native service. The paths say where files belong:
`etc/…` under `/etc`, `config/…` in the directory of a user's configuration.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Final

from remuda.errors import Problem, SpecError
from remuda.quoting.unit_file import text
from remuda.render.contract import Rendering, Request
from remuda.render.ports import ports
from remuda.render.provenance import synced_from
from remuda.render.quadlet import host as container_host
from remuda.render.quadlet import layout
from remuda.render.quadlet.container import Unit
from remuda.render.quadlet.maker import Maker
from remuda.render.systemd import gateway, host, objection, prepare
from remuda.render.systemd.device import granted
from remuda.render.systemd.gateway import Gateway
from remuda.render.systemd.native import Native, sections
from remuda.render.systemd.service_manager import Manager, manager_of
from remuda.render.systemd.service_manager import objections as objections_of_manager
from remuda.render.unsaid import Unsaid
from remuda.render.values import values
from remuda.spec.engine import EngineDefaults
from remuda.spec.form import label
from remuda.spec.merge import Effective
from remuda.spec.unit import unit_name

NAME: Final = "systemd"
SUMMARY: Final = "units for the gateway and for the models that it starts and stops"

UNSAID: Final = Unsaid(
    program="systemd",
    engine={"startup_ordering": "the gateway starts one engine after the other on a device, whatever their ports"},
)


def render(request: Request) -> Rendering:
    """The units of the gateway and of all models, or everything that is in their way."""
    own = [model for model in request.models() if model.runtime == objection.RUNTIME]
    others = [model for model in request.models() if model.runtime != objection.RUNTIME]
    maker = _Maker(request, manager_of(request, own))
    for model in own:
        maker.add(model)
    problems = (
        *(problem for model in others for problem in objection.of_runtime(model)),
        *objections_of_manager(request, own),
        *gateway.problems(request),
        *UNSAID.problems(request),
        *maker.problems,
    )
    if any(problem.severity == "error" for problem in problems):
        return Rendering(problems=problems)
    return Rendering(dict(sorted(maker.files().items())), problems, frozenset({layout.PREPARE}))


class _Maker:
    """Makes the units of one manager, and collects what is in their way."""

    def __init__(self, request: Request, manager: Manager) -> None:
        self._request = request
        self._manager = manager
        self._ports = ports(request.fleet)
        self._containers = Maker(request, NAME, self._ports)
        self._natives: list[Native] = []
        self._units: list[Unit] = []
        self._problems: list[Problem] = []
        self._made: dict[PurePosixPath, str] = {}
        """The units of native services; `prepare` has its own way with those of containers."""
        self._contained: dict[PurePosixPath, str] = {}

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Everything that is in the way."""
        return (*self._problems, *self._containers.problems)

    def add(self, model: Effective) -> None:
        """Make the unit of a model."""
        if model.image is None:
            self._add_native(model)
        elif self._containers.takes(model) and (unit := self._containers.unit(model, None)):
            self._units.append(unit)
            self._contained |= self._containers.file(unit)

    def files(self) -> Mapping[PurePosixPath, str]:
        """All files; raises SpecError if the gateway's units cannot be written."""
        one = Gateway(self._request, self._manager)
        files = {
            **self._made,
            self._manager.units / f"{gateway.NAME}.socket": text(gateway.socket(one), _HEAD),
            self._manager.units / f"{gateway.NAME}.service": text(gateway.service(one), _HEAD),
            self._manager.fleet_file: self._request.text,
        }
        if self._request.lock is not None:
            files[self._manager.fleet_file.with_suffix(".lock")] = self._request.lock
        if self._manager.is_system:
            models = [made.model for made in self._natives] + [made.model for made in self._units]
            files |= host.files(self._natives, list(map(unit_name, models)))
        script = prepare.script(self._manager, self._natives, self._units, files.keys())
        return {**files, **self._contained, **container_host.beside(self._units, NAME), layout.PREPARE: script}

    def _add_native(self, model: Effective) -> None:
        port = self._ports[model.model_id]
        given, read = granted(self._request.host, model.devices or ()), values(model, port)
        found = (
            *(_unknown_device(model, selector) for selector in given.unknown),
            *read.problems,
            *objection.of_secrets(model, read.secrets),
        )
        self._problems += (*objection.of_native(model, is_system=self._manager.is_system), *found)
        defaults = self._request.fleet.engines.get(model.engine, EngineDefaults())
        native = Native(model, defaults, self._manager, read, given, port, self._request.program.parent)
        if not found:
            self._write(native)

    def _write(self, native: Native) -> None:
        """The unit's file, unless a value of it cannot be written."""
        model = native.model
        path = ("models", model.model_id)
        head = (
            f"Made by `remuda render {NAME}` from the model `{model.model_id}` of the fleet file.",
            *synced_from(model),
        )
        try:
            written = text(sections(native), head)
        except SpecError as error:
            self._problems.append(Problem(f"{label(path)}: {error.message}", path, hint=error.hint))
            return
        self._natives.append(native)
        self._made[self._manager.units / f"{unit_name(model)}.service"] = written


_HEAD: Final = (f"Made by `remuda render {NAME}`.",)


def _unknown_device(model: Effective, selector: str) -> Problem:
    where = ("engines", model.engine) if model.entry.devices is None else ("models", model.model_id)
    path = (*where, "devices")
    message = f"{label(path)} has `{selector}`, which a unit without a container cannot be told"
    return Problem(message, path, hint="write `cuda0`, `rocm:all` or the path of a device")
