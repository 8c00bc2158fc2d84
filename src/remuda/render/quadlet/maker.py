"""Makes the units of containers one by one, and collects what is in their way.

Two targets do so: that of podman's own units, and that of units which a gateway starts and stops.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from remuda.errors import Problem, SpecError
from remuda.quoting.unit_file import text
from remuda.render.contract import Request
from remuda.render.devices import missing
from remuda.render.image import course, inner_port
from remuda.render.provenance import synced_from
from remuda.render.quadlet import layout, objection
from remuda.render.quadlet.account import account
from remuda.render.quadlet.container import Unit, sections
from remuda.render.quadlet.device import devices
from remuda.render.values import values
from remuda.spec.engine import EngineDefaults
from remuda.spec.form import label
from remuda.spec.merge import Effective


class Maker:
    """The units of a request. `ports`: where models listen whose units a gateway starts; None for podman's own."""

    def __init__(self, request: Request, target: str, ports: Mapping[str, int] | None = None) -> None:
        self._request = request
        self._target = target
        self._ports = ports
        self.problems: list[Problem] = list(missing(request))

    def takes(self, model: Effective) -> bool:
        """Whether a model becomes a unit; if not, that is said."""
        if not_taken := objection.of_runtime(model, self._target):
            self.problems.append(not_taken)
            return False
        self.problems += objection.objections(model, self._target)
        if self._ports is None:
            self.problems += objection.without_gateway(model)
        return True

    def unit(self, model: Effective, after: str | None) -> Unit | None:
        """All that decides a model's file; None if it cannot be told."""
        port = model.entry.port if self._ports is None else self._ports[model.model_id]
        inner = inner_port(model, port)
        given = devices(self._request.host, model.devices or ())
        for selector in given.unknown:
            self._refuse_device(model, selector)
        if inner is None or port is None or model.image is None:
            return None
        read = values(model, inner)
        found = (*read.problems, *objection.of_secrets(model, read.secrets))
        self.problems += found
        if found:
            return None
        defaults = self._request.fleet.engines.get(model.engine, EngineDefaults())
        owner = account(model.engine, defaults)
        run = course(model, read, inner)
        return Unit(model, defaults, owner, read, run, given, model.image, port, after, self._ports is not None)

    def file(self, unit: Unit) -> Iterable[tuple[PurePosixPath, str]]:
        """The unit's file, unless a value of it cannot be written."""
        made = f"Made by `remuda render {self._target}` from the model `{unit.model.model_id}` of the fleet file."
        head = (made, *synced_from(unit.model))
        try:
            written = text(sections(unit), head)
        except SpecError as error:
            path = ("models", unit.model.model_id)
            self.problems.append(Problem(f"{label(path)}: {error.message}", path, hint=error.hint))
            return
        yield layout.container(unit), written

    def _refuse_device(self, model: Effective, selector: str) -> None:
        where = ("engines", model.engine) if model.entry.devices is None else ("models", model.model_id)
        path = (*where, "devices")
        message = f"{label(path)} has `{selector}`, which podman cannot be told"
        hint = "write `cuda0`, `rocm:all`, a CDI name such as `nvidia.com/gpu=0`, or the path of a device"
        self.problems.append(Problem(message, path, hint=hint))
