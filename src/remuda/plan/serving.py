"""How one model is presented to clients and its requests are treated, as far as that is settled before it runs.

Nothing here has a part in starting an instance, so none of it is a reason to start one anew. What the fleet file says
wins over what the engine reads in its settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, get_args

from remuda.engines import ENGINES
from remuda.spec.merge import Effective
from remuda.spec.model import Capability


@dataclass(frozen=True, slots=True)
class Serving:
    """What the gateway needs to know of a model.

    `capabilities` are in the order of `remuda.spec.model.Capability`; `context_length` is in tokens, None when only the
    model itself can tell. Values of `upstream_headers` may hold references to secrets, which are not resolved.
    `tells_timings`: whether the gateway adds timings; never for an engine that has its own.
    """

    aliases: tuple[str, ...] = ()
    context_length: int | None = None
    capabilities: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    strip_params: tuple[str, ...] = ()
    set_params: Mapping[str, Any] = field(default_factory=dict)
    tells_timings: bool = False
    drains: bool = False
    upstream_headers: Mapping[str, str] = field(default_factory=dict)
    is_unlisted: bool = False


def serving(model: Effective) -> Serving:
    """How a model of a checked fleet is served."""
    entry, engine = model.entry, ENGINES[model.engine]
    told = engine.context_length(model.settings, model.environment)
    able = engine.capabilities(model.settings) if entry.capabilities is None else entry.capabilities
    return Serving(
        aliases=entry.aliases,
        context_length=entry.context_length or told,
        capabilities=tuple(word for word in get_args(Capability) if word in able),
        metadata={**({"synced_from": model.locked.provenance} if model.locked else {}), **entry.metadata},
        strip_params=entry.strip_params,
        set_params=entry.set_params,
        tells_timings=entry.timings and not engine.HAS_TIMINGS,
        drains=entry.on_disconnect == "drain",
        upstream_headers=entry.upstream_headers,
        is_unlisted=entry.unlisted,
    )
