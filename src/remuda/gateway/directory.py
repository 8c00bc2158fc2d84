"""The names that clients may ask for, and the models that they lead to: an immutable snapshot.

Aliases, lanes and splits, and chains of them, are flattened when the snapshot is made, so that a request costs one
look-up. Chance comes in as a number. Which models are loaded is residency's matter and not known here.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import accumulate
from types import MappingProxyType
from typing import Any

from remuda.errors import InternalError
from remuda.spec.nearest import nearest

_SUGGESTED_CHARS = 200

Shares = Mapping[str, float]
"""Name → weight; the weights need not add up to anything."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A model as clients see it. `created` is in seconds since 1970, as in OpenAI's list."""

    id: str
    title: str
    engine: str
    aliases: tuple[str, ...] = ()
    created: int = 0


@dataclass(frozen=True, slots=True)
class Lead:
    """Where a name leads: the models with their cumulated shares, the last of which is 1."""

    models: tuple[str, ...]
    bounds: tuple[float, ...]

    def choose(self, chance: float) -> str:
        """The model for a number 0 ≤ `chance` < 1."""
        if len(self.models) == 1:
            return self.models[0]
        return self.models[bisect.bisect_right(self.bounds, chance, hi=len(self.models) - 1)]


@dataclass(frozen=True, slots=True)
class Directory:
    """Every name with where it leads, and what the list of models says about it."""

    leads: Mapping[str, Lead]
    entries: Mapping[str, Mapping[str, Any]]

    def find(self, name: str) -> Lead | None:
        """Where a name leads; None when nobody has it."""
        return self.leads.get(name)

    def nearest(self, name: str, allowed: Callable[[str], bool]) -> str | None:
        """The allowed name that was probably meant."""
        # What is much longer than any name is no misspelling, and comparing it would cost the more the longer it is.
        if len(name) > _SUGGESTED_CHARS:
            return None
        return nearest(name, filter(allowed, self.leads))

    def listing(self, allowed: Callable[[str], bool]) -> dict[str, Any]:
        """The body of `GET /v1/models`: the allowed names in alphabetical order."""
        return {"object": "list", "data": [entry for name, entry in self.entries.items() if allowed(name)]}


def make_directory(models: Iterable[Listing], routes: Mapping[str, str | Shares] | None = None) -> Directory:
    """The directory of these models and routes; a route is the name of its target, or shares of several.

    A target that is not there (a model that is not enabled) takes no share; a route that leads nowhere is left out.
    """
    names = _Names(tuple(models), routes or {})
    leads = {name: lead for name in sorted(names.all) if (lead := _lead(names.shares(name)))}
    return Directory(
        leads=MappingProxyType(leads),
        entries=MappingProxyType({name: names.entry(name, lead) for name, lead in leads.items()}),
    )


class _Names:
    """The models and routes that a directory is made from, in one namespace."""

    def __init__(self, models: tuple[Listing, ...], routes: Mapping[str, str | Shares]) -> None:
        self._models = {model.id: model for model in models}
        self._aliases = {alias: model.id for model in models for alias in model.aliases}
        self._routes = {
            name: {target: 1.0} if isinstance(target, str) else dict(target) for name, target in routes.items()
        }
        self.all = self._models.keys() | self._aliases.keys() | self._routes.keys()

    def shares(self, name: str, behind: tuple[str, ...] = ()) -> dict[str, float]:
        """The share of each model in the requests for a name; `behind` are the routes that led to it."""
        if name in behind:
            raise InternalError(f"route `{name}` leads back to itself")
        if name in self._models:
            return {name: 1.0}
        if name in self._aliases:
            return {self._aliases[name]: 1.0}
        found: dict[str, float] = {}
        parts = [
            (weight, part)
            for target, weight in self._routes.get(name, {}).items()
            if weight > 0 and (part := self.shares(target, (*behind, name)))
        ]
        total = sum(weight for weight, _ in parts)
        for weight, part in parts:
            for model, share in part.items():
                found[model] = found.get(model, 0.0) + weight / total * share
        return found

    def entry(self, name: str, lead: Lead) -> dict[str, Any]:
        """What the list of models says: OpenAI's fields, and ours under `remuda`."""
        if name in self._models:
            model = self._models[name]
            ours = {"kind": "model", "name": model.title, "engine": model.engine, "aliases": sorted(model.aliases)}
        else:
            model = self._models[lead.models[0]]
            ours = {"kind": "alias" if name in self._aliases else "route", "models": lead.models}
        return {"id": name, "object": "model", "created": model.created, "owned_by": "remuda", "remuda": ours}


def _lead(shares: Mapping[str, float]) -> Lead | None:
    models = tuple(sorted(shares))
    return Lead(models, tuple(accumulate(shares[model] for model in models))) if models else None
