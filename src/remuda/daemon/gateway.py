"""The gateway's view of a fleet: its names, and its keys with their secrets resolved."""

from __future__ import annotations

from remuda.edge.secrets import Resolver
from remuda.gateway.decide import Gateway
from remuda.gateway.directory import Listing, Shares, make_directory
from remuda.gateway.keys import Keyring, make_key
from remuda.plan.plan import Plan
from remuda.spec.fleet import Fleet, Split


def gateway_of(fleet: Fleet, plan: Plan, resolver: Resolver, created: int) -> Gateway:
    """The gateway of the planned models; `created` is what they claim as their age, in seconds since 1970.

    Raises EffectError when a key's secret cannot be resolved.
    """
    listings = [
        Listing(model_id, instance.title, instance.engine, fleet.models[model_id].aliases, created)
        for model_id, instance in plan.instances.items()
    ]
    routes: dict[str, str | Shares] = {
        name: route.split if isinstance(route, Split) else route for name, route in fleet.routes.items()
    }
    keys = tuple(make_key(key.name, resolver.text(key.secret), key.models) for key in fleet.gateway.keys)
    return Gateway(make_directory(listings, routes), Keyring(keys))
