"""Renders a fleet for docker compose and podman-compose: `compose.yaml`, and `gateway.yaml` for the gateway in it.

Every model that podman or docker runs is a service; those that somebody else runs are the gateway's to know. Nothing is
swapped there: compose starts what it is told to, so what a fleet says of taking turns is told to be left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, Final

from remuda.errors import Problem
from remuda.plan.container import host_path
from remuda.plan.plan import CONTAINERS
from remuda.render.compose import gateway
from remuda.render.compose.interpolation import refusal, secret_name
from remuda.render.compose.service import Serviced, service, serviced
from remuda.render.contract import Rendering, Request
from remuda.render.devices import missing
from remuda.render.needs import references_of
from remuda.render.paths import environment_files, relative, sockets
from remuda.render.ports import ports
from remuda.render.runtimes import without_image, without_runtime
from remuda.render.starting import nested_references, references
from remuda.render.unsaid import Unsaid
from remuda.spec.defaults import EXTERNAL
from remuda.spec.form import label
from remuda.spec.merge import Effective
from remuda.spec.yaml_text import to_yaml

NAME: Final = "compose"
SUMMARY: Final = "one file for docker compose and podman-compose, with the gateway as a service"

FILE: Final = PurePosixPath("compose.yaml")
_NO_TURNS: Final = "compose starts what it is told to, and no model makes way for another"
_NO_CARE: Final = "compose restarts what has ended, not what has hung"
_NO_ACCOUNTS: Final = "containers belong to whoever runs compose"

UNSAID: Final = Unsaid(
    program="compose",
    model={
        "ttl": "compose stops nothing that is idle",
        "sleep": _NO_TURNS,
        "keep_cache": _NO_TURNS,
        "swappable": _NO_TURNS,
        "hooks": "compose runs nothing of the machine around a service's life",
        "health_timeout": _NO_CARE,
    },
    engine={
        **dict.fromkeys(("user", "group", "uid", "gid", "data_dir"), _NO_ACCOUNTS),
        **dict.fromkeys(("sub_uid_start", "sub_uid_count", "sub_gid_start", "sub_gid_count"), _NO_ACCOUNTS),
        "cache_dir": "write it in `volumes` with its place inside",
    },
    residency=dict.fromkeys(
        ("budget", "sets", "evict_costs", "groups", "reserve", "min_residency", "max_wait"), _NO_TURNS
    ),
)


def render(request: Request) -> Rendering:
    """The two files."""
    port = ports(request.fleet)
    own = [model for model in request.models() if model.runtime != EXTERNAL]
    refused = {model.model_id: problem for model in own if (problem := _not_taken(model))}
    services = [serviced(model, port[model.model_id], request.host) for model in own if model.model_id not in refused]
    problems = (
        *refused.values(),
        *(problem for one in services for problem in _problems(one)),
        *missing(request),
        *_names(services),
        *gateway.problems(request.fleet),
        *UNSAID.problems(request),
        *_turns(services),
    )
    if any(problem.severity == "error" for problem in problems):
        return Rendering(problems=problems)
    by_id = {one.model.model_id: one for one in services}
    files = {
        FILE: to_yaml(_compose(request, services), comment=_HEAD),
        PurePosixPath(gateway.FILE): to_yaml(gateway.fleet_file(request.fleet, by_id), comment=_GATEWAY_HEAD),
    }
    return Rendering(files, problems)


_HEAD: Final = """\
Rendered by `remuda render compose`; edit the fleet file instead.
`docker compose up --detach` starts the gateway and the models that are always on or preloaded;
`docker compose --profile MODEL up --detach` starts another one, `docker compose --profile MODEL stop MODEL` ends it.
podman-compose takes the same words."""
_GATEWAY_HEAD: Final = "Rendered by `remuda render compose`: the fleet as the gateway in compose.yaml sees it."


def _compose(request: Request, services: Sequence[Serviced]) -> dict[str, Any]:
    in_order = sorted(services, key=lambda one: one.port)
    written = {
        one.name: service(request.fleet, one, _before(one, in_order[:place])) for place, one in enumerate(in_order)
    }
    files = {
        reference.name: None
        for found in (
            references_of(request.fleet),
            *(references(one.model) for one in services),
        )
        for _, reference in found
        if reference.kind == "file"
    }
    volumes = (volume for one in services for volume in one.model.entry.volumes)
    named = [volume.partition(":")[0] for volume in volumes if ":" in volume and host_path(volume) is None]
    listed = {
        "services": {gateway.NAME: gateway.service(request.fleet), **{one.name: written[one.name] for one in services}},
        "secrets": {secret_name(file): {"file": file} for file in files},
        "volumes": dict.fromkeys(named),
    }
    return {key: value for key, value in listed.items() if value}


def _before(one: Serviced, earlier: Sequence[Serviced]) -> list[Serviced]:
    return [other for other in earlier if _share(one, other)]


def _share(one: Serviced, other: Serviced) -> bool:
    """Whether two models may use one GPU; `cuda:all` of a machine that nobody knows is every one of them."""
    kinds = {gpu.removesuffix(":all") for gpu in (*one.gpus, *other.gpus) if gpu.endswith(":all")}
    return bool(one.gpus & other.gpus) or any(
        any(gpu.startswith(kind) for gpu in one.gpus) and any(gpu.startswith(kind) for gpu in other.gpus)
        for kind in kinds
    )


def _not_taken(model: Effective) -> Problem | None:
    return without_runtime(model, NAME, CONTAINERS) or without_image(model, NAME)


def _problems(one: Serviced) -> Iterator[Problem]:
    model = one.model
    yield from one.problems
    yield from relative(model)
    yield from nested_references(model)
    yield from sockets(model)
    yield from (found for path, reference in references(model) if (found := refusal(path, reference)))
    for path, file in environment_files(model):
        message = f"{label(path)}: compose reads quotes and `$` in `{file}`, which Remuda takes as they are"
        yield Problem(message, path=path, severity="warning")
    if model.devices is None:
        message = f"`{model.model_id}` names no devices, so its container is given none"
        yield Problem(message, path=("models", model.model_id), hint="write `devices`", severity="warning")


def _names(services: Sequence[Serviced]) -> Iterator[Problem]:
    """Models whose services would have one name."""
    taken: dict[str, str] = {gateway.NAME: "the gateway"}
    for one in services:
        model_id = one.model.model_id
        if one.name in taken:
            message = f"the service of `{model_id}` would be called `{one.name}`, as that of {taken[one.name]}"
            yield Problem(message, path=("models", model_id), hint="set `unit` to another name")
        taken.setdefault(one.name, f"`{model_id}`")


def _turns(services: Sequence[Serviced]) -> Iterator[Problem]:
    """Models on one GPU, none of which makes way for another."""
    users: Mapping[str, list[str]] = {gpu: [] for one in services for gpu in sorted(one.gpus)}
    for one in services:
        for gpu in one.gpus:
            users[gpu].append(one.model.model_id)
    for gpu, models in users.items():
        if len(models) > 1:
            listed = ", ".join(f"`{model}`" for model in models)
            message = f"{listed} share {gpu}, and compose starts them all if it is told to"
            yield Problem(message, path=("models", models[0]), hint="start those that fit together", severity="warning")
