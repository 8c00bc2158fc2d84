"""Which models a target takes: those of the runtimes that it is made for, with the image that these need.

A model keeps its runtime: what runs as a process of the machine does not become a container by being rendered.
"""

from __future__ import annotations

from collections.abc import Sequence

from remuda.errors import Problem
from remuda.plan.container import is_contained
from remuda.spec.document import Path
from remuda.spec.merge import Effective


def without_runtime(model: Effective, target: str, takes: Sequence[str]) -> Problem | None:
    """Why a target does not take the runtime of a model, if it does not."""
    if model.runtime in takes:
        return None
    *others, last = (f"`{runtime}`" for runtime in takes)
    expected = f"{', '.join(others)} or {last}" if others else last
    path: Path = ("models", model.model_id)
    where = (*path, "runtime") if model.entry.runtime else path
    message = f"cannot render `{model.model_id}` for {target}: its runtime is `{model.runtime}`, not {expected}"
    return Problem(message, where, hint="change `runtime`, or name the other models with `--only`")


def without_image(model: Effective, target: str) -> Problem | None:
    """What is said of a model without the image that its runtime needs."""
    if model.image is not None or not is_contained(model):
        return None
    message = f"cannot render `{model.model_id}` for {target}: it has no image with its tag or digest"
    return Problem(message, ("models", model.model_id), hint="set `image` and `tag`, here or for the engine")
