"""What the fleet file asks for that a native unit cannot do, or does differently."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from remuda.errors import Problem, SpecError
from remuda.render.paths import relative
from remuda.render.runtimes import without_runtime
from remuda.render.systemd.credential import credential
from remuda.render.values import source
from remuda.spec.defaults import EXTERNAL
from remuda.spec.form import label
from remuda.spec.merge import Effective
from remuda.spec.reference import Reference

RUNTIME: Final = "systemd"

_OF_CONTAINERS: Final = ("shm_size", "volumes", "network")


def of_runtime(model: Effective) -> Iterator[Problem]:
    """What is said about a model that is not run by systemd; one that somebody else runs needs no unit."""
    if model.runtime != EXTERNAL and (refused := without_runtime(model, RUNTIME, (RUNTIME,))):
        yield refused


def of_native(model: Effective, *, is_system: bool) -> Iterator[Problem]:
    """What holds for a model without an image."""
    path = ("models", model.model_id)
    for key in _OF_CONTAINERS:
        if key in model.entry.model_fields_set:
            message = f"{label((*path, key))} has no effect in a unit without a container"
            yield Problem(message, (*path, key), hint="remove it, or set `image` and `tag`", severity="warning")
    if model.devices is None:
        sees = "is given no GPU" if is_system else "sees every GPU"
        message = f"model `{model.model_id}` names no devices: its unit {sees}"
        hint = "set `devices`, here or for the engine: `[cuda:all]`, or `[cpu]` if that is meant"
        yield Problem(message, path, hint=hint, severity="warning")
    yield from relative(model)


def of_secrets(model: Effective, secrets: Mapping[str, Reference]) -> Iterator[Problem]:
    """Secrets that cannot be credentials."""
    for variable, reference in secrets.items():
        try:
            credential(reference)
        except SpecError as error:
            yield Problem(error.message, source(model, "environment", variable), hint=error.hint)
