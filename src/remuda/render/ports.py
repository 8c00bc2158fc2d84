"""The port of every instance, for targets whose files have to name it.

A model that declares none gets the next free one from `FIRST` on, in the order of the file; `port:` keeps it where it
is when a model is added above.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Final

from remuda.spec.defaults import EXTERNAL, runtime_name
from remuda.spec.fleet import Fleet

FIRST: Final = 18001


def ports(fleet: Fleet) -> Mapping[str, int]:
    """The port of each enabled model that is not external."""
    models = {
        model_id: entry
        for model_id, entry in fleet.models.items()
        if entry.enabled and runtime_name(entry.runtime, url=entry.url) != EXTERNAL
    }
    taken = {fleet.gateway.port, *(entry.port for entry in models.values())}
    free = (port for port in itertools.count(FIRST) if port not in taken)
    return {model_id: entry.port or next(free) for model_id, entry in models.items()}
