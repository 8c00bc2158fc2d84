"""The name of a model's unit.

What writes units and what starts them have to agree on it, so it is decided here and nowhere else.
"""

from __future__ import annotations

from remuda.spec.merge import Effective


def unit_name(model: Effective) -> str:
    """The unit's name without its suffix: the engine, then the model's `unit` or ID."""
    return f"{model.engine}-{model.entry.unit or model.model_id}"
