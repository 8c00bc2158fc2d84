"""`remuda render flake`: `flake.nix` and `nix/*.nix`, from which Nix builds servers and images of the models.

For each model there are `MODEL-server`, a program that runs its engine as the fleet file says, and `MODEL-image`, the
same in an OCI image. What it is built from is pinned in the section `nix`. The gateway is not built: it takes the fleet
file as it is.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Final

from remuda.errors import Problem, SpecError
from remuda.knowledge.builds import Platform
from remuda.render.contract import Rendering, Request
from remuda.render.devices import missing
from remuda.render.flake import objection
from remuda.render.flake.built import Built, platforms_of, python_of, systems_of
from remuda.render.flake.flake_file import flake_file
from remuda.render.flake.model_file import model_file
from remuda.render.flake.module import module
from remuda.render.flake.overlay import overlay
from remuda.render.nix.expression import Expression, File
from remuda.render.nix.printer import to_nix
from remuda.render.ports import ports
from remuda.render.provenance import of_each
from remuda.render.unsaid import Unsaid
from remuda.render.values import Values, values
from remuda.spec.defaults import EXTERNAL
from remuda.spec.form import label
from remuda.spec.merge import Effective
from remuda.spec.nix import Nix

NAME: Final = "flake"
SUMMARY: Final = "a Nix flake that builds servers and images of the models"

_FLAKE: Final = PurePosixPath("flake.nix")
_HEAD: Final = f"Made by `remuda render {NAME}`; edit the fleet file instead."
_NO_GATEWAY: Final = "the flake builds engines; `remuda up` with the same file is the gateway"
_NO_TURNS: Final = "what is started stays; `remuda up` with the same file has models take turns"
_BUILT: Final = "the flake builds the engine, and an image of it"
_RUN_BY_HAND: Final = "say it to the program that runs the image"
_ACCOUNTS: Final = "its services belong to users of their own, `remuda-ENGINE`"

UNSAID: Final = Unsaid(
    program="a flake",
    model={
        **dict.fromkeys(("image", "tag", "digest"), _BUILT),
        **dict.fromkeys(("shm_size", "volumes", "network"), _RUN_BY_HAND),
        **dict.fromkeys(("memory", "ttl", "sleep", "keep_cache", "priority", "swappable"), _NO_TURNS),
        **dict.fromkeys(("preload", "always_on"), "a service of the module starts with the machine"),
        **dict.fromkeys(("aliases", "strip_params", "set_params", "timings", "on_disconnect"), _NO_GATEWAY),
        **dict.fromkeys(("capabilities", "context_length", "metadata", "unlisted"), _NO_GATEWAY),
        **dict.fromkeys(("ready", "hooks", "health_timeout"), _NO_GATEWAY),
    },
    engine={
        **dict.fromkeys(("image", "tag", "digest"), _BUILT),
        **dict.fromkeys(("user", "group", "uid", "gid", "data_dir"), _ACCOUNTS),
        **dict.fromkeys(("sub_uid_start", "sub_uid_count", "sub_gid_start", "sub_gid_count"), _ACCOUNTS),
        "cache_dir": "its services keep it in `/var/cache/remuda/ENGINE`",
        "open_files_limit": "its services have the limits of the system",
        "startup_ordering": "its services start at once",
    },
    residency=dict.fromkeys(
        ("budget", "sets", "evict_costs", "groups", "reserve", "min_residency", "max_wait"), _NO_TURNS
    ),
    gateway=dict.fromkeys(("listen", "keys", "tls", "access_log", "limits"), _NO_GATEWAY),
)


def render(request: Request) -> Rendering:
    """The files of the flake, or everything that is in its way."""
    nix = request.fleet.nix
    if nix is None:
        return Rendering(problems=(objection.without_pin(),))
    models = [model for model in request.models() if model.runtime != EXTERNAL]
    builds, port = objection.wanted(models), ports(request.fleet)
    refused = [*(problem for model in models for problem in objection.of_model(model, nix)), *objection.names(models)]
    read = {model.model_id: values(model, port[model.model_id]) for model in models}
    built = [] if refused else [_built(nix, model, port[model.model_id], read[model.model_id]) for model in models]
    broken = objection.relevant(nix, builds)
    files, unwritable = _files(request, nix, built)
    problems = (
        *refused,
        *(problem for found in read.values() for problem in found.problems),
        *objection.of_nixpkgs(nix, broken),
        *objection.of_wheels(nix, builds),
        *objection.of_targets(nix, builds),
        *unwritable,
        *missing(request),
        *UNSAID.problems(request),
    )
    if any(problem.severity == "error" for problem in problems):
        return Rendering(problems=problems)
    made = {_FLAKE: flake_file(nix, built, broken), **files}
    heads = {_FLAKE: _HEAD + of_each(request.models())}
    return Rendering({path: to_nix(File(made[path], heads.get(path, _HEAD))) for path in sorted(made)}, problems)


def _built(nix: Nix, model: Effective, port: int, read: Values) -> Built:
    (platform,) = platforms_of(model)
    return Built(model, platform, systems_of(nix, platform), python_of(nix, platform), port, read)


def _files(
    request: Request, nix: Nix, built: list[Built]
) -> tuple[dict[PurePosixPath, Expression], tuple[Problem, ...]]:
    """The files beside `flake.nix`, and what keeps one of them from being written."""
    files: dict[PurePosixPath, Expression] = {PurePosixPath("nix/module.nix"): module(built, request.host)}
    problems = []
    for one in built:
        path = ("models", one.model.model_id)
        try:
            files[PurePosixPath(f"nix/models/{one.name}.nix")] = model_file(one, request.host)
        except SpecError as error:
            problems.append(Problem(f"{label(path)}: {error.message}", path, hint=error.hint))
    platforms: dict[Platform, None] = dict.fromkeys(one.platform for one in built)
    for platform in platforms:
        engines = frozenset(one.model.engine for one in built if one.platform == platform)
        files[PurePosixPath(f"nix/{platform}.nix")] = overlay(nix, platform, engines)
    return files, tuple(problems)
