"""The names that clients may ask for, and where they lead: an immutable snapshot.

Routes are resolved when the snapshot is made: what is not there (a model that is not enabled) is left out, a choice of
one is that one, and a name for a model costs one look-up. What a choice depends on comes in with each request.
"""

from __future__ import annotations

import graphlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, assert_never

import msgspec

from remuda.errors import InternalError
from remuda.gateway import entries, routes
from remuda.gateway.entries import Known, Listing
from remuda.gateway.live import Live
from remuda.gateway.routes import Edits, Leaf, Node, Target
from remuda.spec.nearest import nearest
from remuda.spec.route import Failover, Lane, Replicas, Route, Spillover, Split, Warm, targets_of

__all__ = ["Directory", "Known", "Listing", "edits_of", "make_directory"]

_SUGGESTED_CHARS = 200

Allowed = Callable[[str], bool]
"""Whether whoever asks may know of a name."""


@dataclass(frozen=True, slots=True)
class Directory:
    """Every name with where it leads and what is known about it, in alphabetical order."""

    nodes: Mapping[str, Node]
    names: Mapping[str, Known]

    def find(self, name: str) -> Node | None:
        """Where a name leads; None when nobody has it."""
        return self.nodes.get(name)

    def nearest(self, name: str, allowed: Allowed) -> str | None:
        """The name that was probably meant, among those that may be told."""
        # What is much longer than any name is no misspelling, and comparing it would cost the more the longer it is.
        if len(name) > _SUGGESTED_CHARS:
            return None
        return nearest(name, (known.id for known in self.listed(allowed)))

    def listed(self, allowed: Allowed) -> Iterable[Known]:
        """The names that may be told."""
        return (known for known in self.names.values() if known.is_listed and allowed(known.id))

    def listing(self, allowed: Allowed, live: Live) -> dict[str, Any]:
        """The body of `GET /v1/models`."""
        return entries.listing(self.listed(allowed), live)

    def entry(self, name: str, live: Live) -> dict[str, Any] | None:
        """The body of `GET /v1/models/{name}`; None when nobody has the name."""
        known = self.names.get(name)
        return None if known is None else entries.entry(known, live)


def make_directory(models: Iterable[Listing], named: Mapping[str, Route] | None = None) -> Directory:
    """The directory of these models and of the routes of a checked fleet file."""
    listings = {model.id: model for model in models}
    aliases = {alias: model.id for model in listings.values() for alias in model.aliases}
    leaves = {model.id: Leaf.of(model.id, model.edits) for model in listings.values()}
    nodes: dict[str, Node] = {**leaves, **{alias: leaves[model_id] for alias, model_id in aliases.items()}}
    _add_routes(nodes, named or {})
    nodes = {name: nodes[name] for name in sorted(nodes)}
    names = {
        name: Known(
            name,
            "model" if name in listings else "alias" if name in aliases else "route",
            tuple(listings[model_id] for model_id in node.models),
        )
        for name, node in nodes.items()
    }
    return Directory(MappingProxyType(nodes), MappingProxyType(names))


def edits_of(strip: Iterable[str], settings: Mapping[str, Any]) -> Edits:
    """The edits that the fleet file asks for with `strip_params` and `set_params`."""
    return Edits(tuple(strip), {name: msgspec.json.encode(value) for name, value in settings.items()})


def _add_routes(nodes: dict[str, Node], named: Mapping[str, Route]) -> None:
    """Adds every route that leads somewhere, those that others lead to first."""
    order = graphlib.TopologicalSorter({name: targets_of(route) for name, route in named.items()})
    try:
        for name in order.static_order():
            if name in named and (node := _node(named[name], nodes)) is not None:
                nodes[name] = node
    except graphlib.CycleError as error:
        raise InternalError(f"the routes form a circle: {' → '.join(error.args[1])}") from None


def _node(route: Route, nodes: Mapping[str, Node]) -> Node | None:
    """The node of a route whose targets are there, if any."""
    if isinstance(route, Lane):
        return _lane(nodes.get(route.model), edits_of(route.strip_params, route.set_params))
    weights = route.split if isinstance(route, Split) else {}
    there = [name for name in targets_of(route) if name in nodes and weights.get(name, 1) > 0]
    if len(there) < 2:  # noqa: PLR2004 (one is no choice)
        return nodes[there[0]] if there else None
    return _choice(route, {name: nodes[name] for name in there})


def _lane(node: Node | None, edits: Edits) -> Node | None:
    match node:
        case None:
            return None
        case Leaf(only=(candidate,)):
            return Leaf.of(candidate.model, candidate.edits.then(edits))
        case _:
            return routes.Lane(node, edits) if edits else node


def _choice(route: Route, there: Mapping[str, Node]) -> Node:
    """The choice among what is there."""
    plain = tuple(there.values())
    match route:
        case Split():
            shares = tuple(Target.of(name, node, route.split[name]) for name, node in there.items())
            return routes.Split(shares, route.sticky)
        case Failover():
            return routes.Failover(plain)
        case Warm():
            return routes.Warm(plain)
        case Spillover():
            return routes.Spillover(plain, route.at)
        case Replicas():
            equals = tuple(Target.of(name, node) for name, node in there.items())
            return routes.Replicas(equals, route.affinity)
        case str() | Lane():
            return plain[0]
        case _:
            assert_never(route)
