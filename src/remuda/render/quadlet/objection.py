"""What the fleet file asks for that a unit of podman's cannot do, or does differently.

Nobody swaps models that run as units: what says how they take turns is a warning, what would have to happen at their
starts and stops is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from remuda.engines import ollama
from remuda.errors import Problem, SpecError
from remuda.render.paths import relative, sockets
from remuda.render.quadlet import names
from remuda.render.runtimes import without_image, without_runtime
from remuda.render.values import source
from remuda.spec.defaults import EXTERNAL
from remuda.spec.form import label
from remuda.spec.merge import Effective
from remuda.spec.reference import Reference

RUNTIMES: Final = ("podman", "systemd")
"""The runtimes whose instances may be units of podman's; the second one's without an image are units of systemd's."""

_WITHOUT_DAEMON: Final = {
    "sleep": "it runs until it is stopped",
    "ttl_s": "it runs until it is stopped",
    "health_timeout_s": "podman sees its health and only records it",
}


def objections(model: Effective, target: str) -> Iterator[Problem]:
    """Everything that can be said against a container's unit, whoever starts it."""
    entry, path = model.entry, ("models", model.model_id)
    if without := without_image(model, target):
        yield without
    if model.engine == ollama.NAME and entry.ready:
        message = (
            f"{label((*path, 'ready'))} has no effect in a unit: Ollama's image can only be asked by `ollama list`"
        )
        yield Problem(message, (*path, "ready"), severity="warning")
    if model.devices is None:
        message = f"model `{model.model_id}` names no devices: its container sees no GPU"
        hint = "set `devices`, here or for the engine: `[cuda:all]`, or `[cpu]` if that is meant"
        yield Problem(message, path, hint=hint, severity="warning")
    yield from relative(model)
    yield from sockets(model)


def without_gateway(model: Effective) -> Iterator[Problem]:
    """What can be said against one that nobody but systemd looks after."""
    entry, path = model.entry, ("models", model.model_id)
    if entry.port is None:
        message = f"model `{model.model_id}` needs `port`: a unit has one that clients know"
        yield Problem(message, path, hint="add `port:`")
    if entry.hooks is not None:
        message = f"{label((*path, 'hooks'))} cannot be rendered: podman starts a container without asking Remuda"
        yield Problem(message, (*path, "hooks"), hint="remove it, or add a drop-in to the unit")
    for name, instead in _WITHOUT_DAEMON.items():
        if getattr(entry, name) and name in entry.model_fields_set:
            key = name.removesuffix("_s")
            yield Problem(f"{label((*path, key))} has no effect in a unit: {instead}", (*path, key), severity="warning")


def of_runtime(model: Effective, target: str) -> Problem | None:
    """What is said about a model that becomes no unit of a container; None for one that does."""
    path = ("models", model.model_id)
    if model.runtime == EXTERNAL:
        return Problem(f"model `{model.model_id}` gets no unit: somebody else runs it", path, severity="warning")
    if model.runtime == "systemd" and model.image is None:
        message = f"cannot render `{model.model_id}`: it has no image, and podman runs these units"
        return Problem(message, path, hint="use `remuda render systemd`, or set `image` and `tag`")
    return without_runtime(model, target, RUNTIMES)


def of_secrets(model: Effective, secrets: Mapping[str, Reference]) -> Iterator[Problem]:
    """Secrets that podman could not keep."""
    for variable, reference in secrets.items():
        try:
            names.secret(reference)
        except SpecError as error:
            yield Problem(error.message, source(model, "environment", variable), hint=error.hint)
