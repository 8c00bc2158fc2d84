"""`remuda render quadlet`: a `.container` file for each model, for any Linux with podman 5 or newer.

The paths say where files belong: `etc/…` under `/etc`, `config/…` in the directory of a user's configuration. Beside
the units are the user, the directories and the script `prepare` that put a machine in the state that they need.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from remuda.errors import Problem, SpecError
from remuda.quoting.unit_file import text
from remuda.render.contract import Rendering, Request
from remuda.render.devices import missing
from remuda.render.image import course, inner_port
from remuda.render.quadlet import host, layout, names, objection
from remuda.render.quadlet.account import account
from remuda.render.quadlet.container import Unit, sections
from remuda.render.quadlet.device import devices
from remuda.render.values import values
from remuda.spec.engine import EngineDefaults
from remuda.spec.form import label
from remuda.spec.merge import Effective

NAME = objection.TARGET
SUMMARY = "units of podman's Quadlet, and what prepares a machine for them"


def render(request: Request) -> Rendering:
    """The units of all models, or everything that is in their way."""
    maker = _Maker(request)
    models = [model for model in request.models() if maker.takes(model)]
    previous = _before(request, models)
    units = [unit for model in models if (unit := maker.unit(model, previous.get(model.model_id)))]
    files = {path: written for unit in units for path, written in maker.file(unit)}
    if any(problem.severity == "error" for problem in maker.problems):
        return Rendering(problems=tuple(maker.problems))
    prepared = host.files(units)
    everything = dict(sorted({**files, **prepared}.items()))
    return Rendering(everything, tuple(maker.problems), frozenset({layout.PREPARE} & prepared.keys()))


def _before(request: Request, models: Iterable[Effective]) -> Mapping[str, str]:
    """The unit that each model's waits for: that of the next lower port, of those that one manager starts."""
    chains: dict[PurePosixPath, list[tuple[int, Effective]]] = defaultdict(list)
    for model in models:
        defaults = request.fleet.engines.get(model.engine, EngineDefaults())
        if defaults.startup_ordering and model.entry.port is not None:
            chains[account(model.engine, defaults).units].append((model.entry.port, model))
    before: dict[str, str] = {}
    for chain in chains.values():
        ordered = [model for _, model in sorted(chain, key=lambda pair: pair[0])]
        before |= {second.model_id: names.unit(first) for first, second in itertools.pairwise(ordered)}
    return before


class _Maker:
    """Makes units one by one, and collects what is in the way."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self.problems: list[Problem] = list(missing(request))

    def takes(self, model: Effective) -> bool:
        """Whether a model becomes a unit; if not, that is said."""
        not_taken = objection.of_runtime(model)
        self.problems += [not_taken] if not_taken else objection.objections(model)
        return not_taken is None

    def unit(self, model: Effective, after: str | None) -> Unit | None:
        """All that decides a model's file; None if it cannot be told."""
        inner, port = inner_port(model), model.entry.port
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
        return Unit(model, defaults, owner, read, run, given, model.image, port, after)

    def file(self, unit: Unit) -> Iterable[tuple[PurePosixPath, str]]:
        """The unit's file, unless a value of it cannot be written."""
        head = (f"Made by `remuda render {NAME}` from the model `{unit.model.model_id}` of the fleet file.",)
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
