"""Routes in llama-swap's words: a lane is an alias of its model, `warm` and `spillover` are selectors.

An alias may set parameters (`setParamsByID`), but strips none of its own; a selector's targets are models or aliases.
A route to a model that is not rendered is left out, as it answers nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from remuda.errors import Problem
from remuda.spec.document import Path
from remuda.spec.fleet import Fleet
from remuda.spec.form import label
from remuda.spec.merge import Effective
from remuda.spec.route import Lane, Route, Spillover, Warm, form_of, targets_of


@dataclass(slots=True)
class Routes:
    """What the routes come to. `aliases`: by model; `params`: by model, and by alias."""

    aliases: dict[str, list[str]] = field(default_factory=dict)
    params: dict[str, dict[str, Mapping[str, Any]]] = field(default_factory=dict)
    selectors: dict[str, Any] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Lane:
    """Where a chain of names ends, and what is changed on the way; the outer name wins."""

    model: str
    set_params: Mapping[str, Any] = field(default_factory=dict)
    strip_params: frozenset[str] = frozenset()


def routes(fleet: Fleet, models: Mapping[str, Effective], may_meet: Callable[[frozenset[str]], bool]) -> Routes:
    """All routes of the fleet to these models; `may_meet` tells which models may be up together."""
    return _Router(fleet, models, may_meet).routes()


class _Router:
    def __init__(
        self, fleet: Fleet, models: Mapping[str, Effective], may_meet: Callable[[frozenset[str]], bool]
    ) -> None:
        self._routes = fleet.routes
        self._models = models
        self._all = fleet.models
        self._may_meet = may_meet
        self._made = Routes()
        self._models_of_aliases = {
            alias: model_id for model_id, entry in fleet.models.items() for alias in entry.aliases
        }

    def routes(self) -> Routes:
        for name, route in self._routes.items():
            if isinstance(route, str | Lane):
                self._lane(name, route)
            else:
                self._selector(name, route)
        return self._made

    def _lane(self, name: str, route: str | Lane) -> None:
        lane = self._followed(route)
        if lane is None:
            self._refuse(name, "llama-swap has no name for a choice among several", "name the model")
            return
        model = self._models.get(lane.model)
        if model is None:
            return
        if model.entry.url:
            self._refuse(name, "a peer of llama-swap has one name", f"ask for `{lane.model}`")
        elif not lane.strip_params <= set(model.entry.strip_params):
            self._refuse(name, "an alias of llama-swap strips nothing", f"strip it for `{lane.model}`")
        else:
            self._made.aliases.setdefault(lane.model, []).append(name)
            if lane.set_params:
                self._made.params.setdefault(lane.model, {})[name] = lane.set_params

    def _selector(self, name: str, route: Route) -> None:
        found = {target: self._found(target) for target in targets_of(route)}
        lanes = {target: lane for target, lane in found.items() if lane is None or lane.model in self._models}
        if not isinstance(route, Warm | Spillover):
            form = form_of(route)
            self._refuse(name, f"llama-swap does not know `{form}`", "use `warm` or `spillover`, or name one model")
        elif None in lanes.values():
            self._refuse(name, "a choice of llama-swap cannot stand inside of another", "name the models")
        elif lanes:
            models = [self._models[lane.model] for lane in lanes.values() if lane]
            local = frozenset(model.model_id for model in models if not model.entry.url)
            if isinstance(route, Warm) and len(local) < len({model.model_id for model in models}):
                self._refuse(name, "llama-swap cannot tell whether a peer is warm", "name models of this machine")
            elif isinstance(route, Spillover) and len(local) > 1 and not self._may_meet(local):
                self._refuse(
                    name, "its targets may not be up together", "write one of `residency.sets` with all of them"
                )
            else:
                self._made.selectors[name] = _selector(route, list(lanes))

    def _found(self, name: str) -> _Lane | None:
        """Where a name leads, if that is one model."""
        if name in self._all:
            return _Lane(name)
        if name in self._models_of_aliases:
            return _Lane(self._models_of_aliases[name])
        return self._followed(self._routes[name])

    def _followed(self, route: Route) -> _Lane | None:
        if isinstance(route, str):
            return self._found(route)
        if not isinstance(route, Lane):
            return None
        inner = self._found(route.model)
        if inner is None:
            return None
        params = {**inner.set_params, **route.set_params}
        return _Lane(inner.model, params, inner.strip_params | frozenset(route.strip_params))

    def _refuse(self, name: str, why: str, hint: str) -> None:
        path: Path = ("routes", name)
        self._made.problems.append(Problem(f"{label(path)} cannot be rendered: {why}", path=path, hint=hint))


def _selector(route: Warm | Spillover, targets: list[str]) -> dict[str, Any]:
    if isinstance(route, Warm):
        return {"strategy": "warm", "targets": targets}
    return {"strategy": "spillover", "targets": targets, "settings": {"spillover": route.at}}
