"""`remuda render nixos`: `remuda.nix`, a module that runs a fleet's models without Remuda.

By its runtime a model becomes a unit of podman's Quadlet (`podman`), a container of nixpkgs' `oci-containers`
(`docker`), or a service of systemd's (`process`, `systemd`), each at its port on the loopback address. Nobody swaps
them: for that there is the module in `nix/`, which runs Remuda itself.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Final

from remuda.errors import Problem
from remuda.plan.container import SHARING
from remuda.render.contract import Rendering, Request
from remuda.render.devices import missing
from remuda.render.nix.expression import File, Function, Pattern, Set
from remuda.render.nix.printer import to_nix
from remuda.render.nixos import docker, machine, native, rootless
from remuda.render.paths import relative, sockets
from remuda.render.ports import ports
from remuda.render.provenance import of_each
from remuda.render.runtimes import without_image, without_runtime
from remuda.render.unsaid import Unsaid, is_set
from remuda.spec.defaults import EXTERNAL
from remuda.spec.engine import EngineDefaults
from remuda.spec.form import label
from remuda.spec.merge import Effective

NAME: Final = "nixos"
SUMMARY: Final = "a module for NixOS that runs the models as units, containers and services"

FILE: Final = PurePosixPath("remuda.nix")

_RUNTIMES: Final = (rootless.RUNTIME, docker.RUNTIME, *native.RUNTIMES)
_HEAD: Final = f"Made by `remuda render {NAME}`; edit the fleet file instead."

_STARTS: Final = "nobody but systemd starts and stops it"
_ASKED: Final = "clients ask the engine itself"
_NO_GATEWAY: Final = "the configuration has no gateway, which `services.remuda` runs"
_ACCOUNT: Final = (
    *("user", "group", "uid", "gid", "data_dir", "cache_dir"),
    *("sub_uid_start", "sub_uid_count", "sub_gid_start", "sub_gid_count"),
)

UNSAID: Final = Unsaid(
    program="NixOS",
    model={
        **dict.fromkeys(("ttl", "sleep", "keep_cache", "swappable", "priority", "preload", "always_on"), _STARTS),
        **dict.fromkeys(("hooks", "health_timeout", "memory"), _STARTS),
        **dict.fromkeys(("aliases", "strip_params", "set_params", "timings", "on_disconnect", "unlisted"), _ASKED),
        **dict.fromkeys(("capabilities", "context_length", "metadata", "upstream_headers"), _ASKED),
    },
    residency=dict.fromkeys(
        ("budget", "sets", "evict_costs", "groups", "reserve", "min_residency", "max_wait"), _STARTS
    ),
    gateway=dict.fromkeys(("listen", "keys", "tls", "access_log", "limits"), _NO_GATEWAY),
)


def render(request: Request) -> Rendering:
    """The module."""
    models = [model for model in request.models() if model.runtime in _RUNTIMES]
    podman = [model for model in models if model.runtime == rootless.RUNTIME]
    dockers = [model for model in models if model.runtime == docker.RUNTIME]
    natives = [model for model in models if model.runtime in native.RUNTIMES]
    units = rootless.rendering(request, podman)
    told = tuple(UNSAID.problems(request))
    problems = (
        *_of_runtimes(request),
        *told,
        *_not_told(units.problems, told),
        *_of_others(request, (*dockers, *natives)),
        *docker.problems(request, dockers),
        *native.problems(request, natives),
    )
    if any(problem.severity == "error" for problem in problems):
        return Rendering(problems=problems)
    given = dict(ports(request.fleet))
    groups = (
        rootless.entries(units, request, podman),
        docker.entries(request, dockers, given),
        native.entries(request, natives, given),
        machine.entries(request, models, rootless.rules(units)),
    )
    listed = ((at, entry) for group in groups for at, entry in enumerate(group))
    entries = tuple(replace(entry, is_apart=entry.is_apart or not at) for at, entry in listed)
    names = (*(("config",) if podman else ()), "lib", *(("pkgs",) if natives else ()))
    module = Function(Pattern(dict.fromkeys(names), is_open=True), Set(entries))
    return Rendering({FILE: to_nix(File(module, _HEAD + of_each(request.models())))}, problems)


def _not_told(problems: Iterable[Problem], told: Iterable[Problem]) -> Iterator[Problem]:
    """The problems without warnings about what is told of already."""
    paths = {problem.path for problem in told}
    return (problem for problem in problems if problem.severity == "error" or problem.path not in paths)


def _of_runtimes(request: Request) -> Iterator[Problem]:
    for model in request.models():
        if model.runtime == EXTERNAL:
            message = f"model `{model.model_id}` is not rendered for NixOS: somebody else runs it"
            yield Problem(message, ("models", model.model_id), severity="warning")
        elif refused := without_runtime(model, "NixOS", _RUNTIMES):
            yield refused


def _of_others(request: Request, models: Iterable[Effective]) -> Iterator[Problem]:
    """What is said of models that are no units of podman's, of which the other target says the same."""
    own = {model.model_id: model for model in models}
    if own:
        yield from missing(replace(request, only=frozenset(own)))
    for model in own.values():
        yield from filter(None, [without_image(model, "NixOS")])
        yield from relative(model)
        yield from sockets(model)
    yield from _at_once(list(own.values()))
    for engine in dict.fromkeys(model.engine for model in own.values()):
        defaults = request.fleet.engines.get(engine, EngineDefaults())
        for key in _ACCOUNT:
            if is_set(defaults, key):
                path = ("engines", engine, key)
                message = f"{label(path)} is for the units of podman's only"
                yield Problem(message, path, severity="warning")


def _at_once(models: Sequence[Effective]) -> Iterator[Problem]:
    """Engines that measure free memory at their start, which nothing puts in order but Quadlet's readiness."""
    measuring = [model for model in models if model.engine in SHARING]
    for first, second in itertools.combinations(measuring, 2):
        shared = sorted(set(first.devices or ()) & set(second.devices or ()) - {"cpu"})
        if shared:
            path = ("models", second.model_id)
            message = f"`{first.model_id}` and `{second.model_id}` measure the memory of `{shared[0]}` at the same time"
            hint = "choose the runtime `podman`, whose units wait for each other, or `services.remuda`"
            yield Problem(message, path, hint=hint, severity="warning")
