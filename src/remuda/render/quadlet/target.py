"""`remuda render quadlet`: a `.container` file for each model, for any Linux with podman 5 or newer.

The paths say where files belong: `etc/…` under `/etc`, `config/…` in the directory of a user's configuration. Beside
the units are the user, the directories and the script `prepare` that put a machine in the state that they need.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from remuda.render.contract import Rendering, Request
from remuda.render.quadlet import host, layout
from remuda.render.quadlet.account import account
from remuda.render.quadlet.maker import Maker
from remuda.spec.engine import EngineDefaults
from remuda.spec.merge import Effective
from remuda.spec.unit import unit_name

NAME = "quadlet"
SUMMARY = "units of podman's Quadlet, and what prepares a machine for them"


def render(request: Request) -> Rendering:
    """The units of all models, or everything that is in their way."""
    maker = Maker(request, NAME)
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
        before |= {second.model_id: unit_name(first) for first, second in itertools.pairwise(ordered)}
    return before
