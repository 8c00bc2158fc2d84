"""Where a model comes from that has a recipe: a comment in whatever is rendered of it, where that can hold one."""

from __future__ import annotations

from collections.abc import Iterable

from remuda.spec.merge import Effective


def synced_from(model: Effective) -> tuple[str, ...]:
    """The line of a file that is one model's; none for a model without a recipe."""
    return (f"Synced from {model.locked.provenance}.",) if model.locked else ()


def of_each(models: Iterable[Effective]) -> str:
    """Lines to put behind the head of a file that has many models."""
    return "".join(f"\n{model.model_id}: {line}" for model in models for line in synced_from(model))
