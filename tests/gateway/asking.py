"""A request as routes see it, and instances that are written down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from remuda.gateway.live import Live, Nothing


@dataclass(frozen=True)
class Herd(Nothing):
    """What runs: model → (state, load). Others are stopped."""

    models: Mapping[str, tuple[str, int]] = field(default_factory=dict)

    def state(self, model: str) -> str:
        return self.models.get(model, ("stopped", 0))[0]

    def is_ready(self, model: str) -> bool:
        return self.state(model) == "ready"

    def load(self, model: str) -> int:
        return self.models.get(model, ("stopped", 0))[1]


@dataclass(frozen=True)
class Request:
    """A request; `numbers` holds its affinity by what it is asked for."""

    chance: float = 0.0
    live: Live = field(default_factory=Herd)
    numbers: Mapping[str, int] = field(default_factory=dict)

    def affinity(self, by: str) -> int | None:
        return self.numbers.get(by)


def ready(**loads: int) -> Herd:
    """Models that are ready, with their loads."""
    return Herd({model: ("ready", load) for model, load in loads.items()})
