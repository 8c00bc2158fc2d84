"""Models in docker's containers as `virtualisation.oci-containers`.

What surrounds the engine is what Remuda gives a container itself. The module of nixpkgs quotes every word for the shell
of its own script, so they are given as they are. Source: nixos/modules/virtualisation/oci-containers.nix of nixpkgs at
035a24e.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from remuda.engines import ENGINES
from remuda.errors import Problem
from remuda.facts.host import Host
from remuda.facts.names import expand, visibility
from remuda.plan.container import contained, inside
from remuda.render import order
from remuda.render.contract import Request
from remuda.render.nix.expression import Binding, Entry, bind
from remuda.render.nix.value import value
from remuda.render.order import LOOPBACK
from remuda.render.starting import Starting, joined, starting, weights
from remuda.render.values import source, values
from remuda.spec.form import label
from remuda.spec.merge import Effective
from remuda.spec.unit import unit_name

RUNTIME: Final = "docker"
_WHOLE: Final = {"cuda:all": ("nvidia.com/gpu=all",), "rocm:all": ("/dev/kfd", "/dev/dri")}


def entries(request: Request, models: Sequence[Effective], ports: dict[str, int]) -> Iterator[Entry]:
    """The containers."""
    if not models:
        return
    yield bind("virtualisation.oci-containers.backend", value(RUNTIME))
    for model in models:
        data = _container(model, request.host, ports[model.model_id])
        path = ("virtualisation", "oci-containers", "containers", unit_name(model))
        yield Binding(path, value(data), is_apart=True)


def problems(request: Request, models: Sequence[Effective]) -> Iterator[Problem]:
    """What this cannot express."""
    for model in models:
        yield from values(model, 0).problems
        for name in values(model, 0).secrets:
            path = source(model, "environment", name)
            message = f"{label(path)} is a secret, for which docker's containers on NixOS have no option"
            yield Problem(message, path, hint="write it to a file, and name that as `environment_file`")
        for selector in expand(request.host, model.devices or ())[1]:
            if selector not in _WHOLE:
                where = ("models", model.model_id, "devices")
                message = f"{label(where)} has `{selector}`, which docker cannot be told of"
                yield Problem(message, where, hint="write `cuda0`, `cuda:all`, `rocm0`, `rocm:all` or `cpu`")


def _container(model: Effective, host: Host, port: int) -> dict[str, Any]:
    selected, unknown = expand(host, model.devices or ())
    around = contained(model, model.image or "", host, selected)
    started = starting(model, order.inside(model, port))
    shown = inside(visibility(host, selected)) if selected else {}
    given = (*around.devices, *(entry for selector in unknown for entry in _WHOLE[selector]))
    mounted = (f"{path}:{path}:ro" for path in weights(model))
    found: dict[str, Any] = {
        "image": around.image,
        "entrypoint": _text(started, 0),
        "cmd": [_text(started, at) for at in range(1, len(started.argv))],
        "environment": {**shown, **{name: joined(word, str) for name, word in started.environment.items()}},
        "environmentFiles": list(model.environment_files),
        "ports": [] if around.is_on_host_network else [f"{LOOPBACK}:{port}:{port}"],
        "volumes": [*around.volumes, *mounted],
        "extraOptions": list(_options(model, given, around.shm_bytes, is_on_host=around.is_on_host_network)),
    }
    return {key: data for key, data in found.items() if data not in ([], {})}


def _options(model: Effective, given: Sequence[str], shm_bytes: int | None, *, is_on_host: bool) -> Iterator[str]:
    yield from ("--init", "--cap-drop=all", "--security-opt=no-new-privileges")
    yield f"--stop-signal={int(ENGINES[model.engine].STOP_SIGNAL)}"
    if is_on_host:
        yield "--network=host"
    if shm_bytes is not None:
        yield f"--shm-size={shm_bytes}"
    limits = model.entry.limits
    if limits is not None and limits.memory is not None:
        yield f"--memory={limits.memory}"
    if limits is not None and limits.cpus is not None:
        yield f"--cpus={limits.cpus:g}"
    for device in given:
        yield f"--device={device}"


def _text(started: Starting, at: int) -> str:
    return joined(started.argv[at], str)
