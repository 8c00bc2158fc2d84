"""Renders a fleet for llama-swap: `config.yaml`, for somebody who stays with that program.

What it cannot do is told by name: a warning where the fleet runs without it, a refusal where it would answer or be
answered wrong. Facts: config-schema.json and internal/config of mostlygeek/llama-swap at 0bdb372 (August 2026).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, Final

from remuda.errors import Problem
from remuda.plan.plan import CONTAINERS
from remuda.render.contract import Rendering, Request
from remuda.render.devices import missing
from remuda.render.llama_swap import model as entries
from remuda.render.llama_swap.matrix import may_meet, router
from remuda.render.llama_swap.process import MACROS, problems, process
from remuda.render.llama_swap.routes import Routes, routes
from remuda.render.llama_swap.text import variable
from remuda.render.unsaid import Unsaid
from remuda.spec.defaults import EXTERNAL
from remuda.spec.fleet import Fleet
from remuda.spec.form import label
from remuda.spec.merge import Effective
from remuda.spec.reference import as_reference
from remuda.spec.yaml_text import to_yaml

NAME: Final = "llama-swap"
SUMMARY: Final = "a configuration of llama-swap"

FILE: Final = PurePosixPath("config.yaml")
_LOAD_S: Final = 900
"""How long a load may take: its 120 s are too short for a vLLM that compiles (200 to 600 s were measured)."""

_ONE_KEY: Final = "a key of llama-swap opens everything, to any extent"
_NO_MEMORY: Final = "llama-swap knows no memory; say in `residency.sets` what may be up together"
_PLAIN: Final = "llama-swap evicts by cost and order only"
_ACCOUNTS: Final = ("user", "group", "uid", "gid", "data_dir", "sub_uid_start", "sub_uid_count", "sub_gid_start")

UNSAID: Final = Unsaid(
    program="llama-swap",
    model={
        "memory": _NO_MEMORY,
        "swappable": _PLAIN,
        "always_on": "llama-swap loads it at the start, but keeps it no longer than another",
        "sleep": "llama-swap stops what makes way",
        "keep_cache": "llama-swap saves no caches",
        "hooks": "llama-swap has none but preloading",
        "health_timeout": "llama-swap does not look after what is ready",
        "timings": "llama-swap adds nothing to answers",
        "on_disconnect": "llama-swap always cancels",
    },
    engine={
        **dict.fromkeys((*_ACCOUNTS, "sub_gid_count"), "its processes belong to whoever runs llama-swap"),
        "cache_dir": "write it in `volumes` with its place inside",
        "open_files_limit": "its processes have the limits of llama-swap",
        "startup_ordering": "llama-swap starts what is asked for",
    },
    residency={
        "budget": _NO_MEMORY,
        "reserve": _NO_MEMORY,
        "min_residency": _PLAIN,
        "max_wait": _PLAIN,
    },
    gateway={
        "access_log": "llama-swap logs to its standard output",
        "limits": "of these llama-swap has only `queue`, which is rendered",
    },
    key=dict.fromkeys(
        ("models", "requests_per_minute", "tokens_per_minute", "concurrency", "priority"),
        _ONE_KEY,
    ),
)


def render(request: Request) -> Rendering:
    """The file."""
    config, said = configuration(request)
    if config is None:
        return Rendering(problems=said)
    return Rendering({FILE: to_yaml(config, comment=_head(request.fleet))}, said)


def configuration(request: Request) -> tuple[Mapping[str, Any] | None, tuple[Problem, ...]]:
    """The configuration as plain data, None if llama-swap cannot be told of the fleet, and what there is to say."""
    models = {model.model_id: model for model in request.models()}
    devices = {name: tuple(model.devices or ()) for name, model in models.items() if model.runtime != EXTERNAL}
    found = routes(request.fleet, models, lambda names: may_meet(request.fleet.residency, devices, names))
    said = (
        *_keys(request.fleet),
        *(problem for model in models.values() for problem in entries.problems(model)),
        *(problem for name in devices for problem in problems(models[name], request.host)),
        *(problem for name in devices for problem in _details(models[name])),
        *missing(request),
        *found.problems,
        *UNSAID.problems(request),
    )
    if any(problem.severity == "error" for problem in said):
        return None, said
    return _config(request, models, found, devices), said


def _config(
    request: Request, models: Mapping[str, Effective], found: Routes, devices: Mapping[str, tuple[str, ...]]
) -> dict[str, Any]:
    fleet = request.fleet
    own = {name: entries.model(fleet, models[name], process(models[name], request.host)) for name in devices}
    for name, entry in own.items():
        _with_routes(entry, found.aliases.get(name, []), found.params.get(name, {}))
    priority = {name: models[name].entry.priority for name in own if models[name].entry.priority}
    routing = {
        "router": router(fleet.residency, devices),
        "scheduler": {"use": "fifo", "settings": {"fifo": {"priority": priority}}} if priority else None,
    }
    preload = [name for name in own if models[name].entry.preload or models[name].entry.always_on]
    listed = {
        "healthCheckTimeout": _LOAD_S,
        "apiKeys": [variable(reference) for key in fleet.gateway.keys if (reference := as_reference(key.secret))],
        "macros": {tool: text for tool, text in MACROS.items() if any(m.runtime == tool for m in models.values())},
        "models": own,
        "peers": {name: entries.peer(model) for name, model in models.items() if name not in devices},
        "selectors": found.selectors,
        "routing": {key: value for key, value in routing.items() if value},
        "hooks": {"on_startup": {"preload": preload}} if preload else None,
    }
    return {key: value for key, value in listed.items() if value or key == "models"}


def _with_routes(entry: dict[str, Any], aliases: list[str], params: Mapping[str, Mapping[str, Any]]) -> None:
    if aliases:
        entry["aliases"] = [*entry.get("aliases", []), *aliases]
    if params:
        entry["filters"] = {**entry.get("filters", {}), "setParamsByID": dict(params)}


def _head(fleet: Fleet) -> str:
    gateway = fleet.gateway
    words = ["llama-swap", "-config", str(FILE), "-listen", str(gateway.listen)]
    if gateway.tls:
        words += ["-tls-cert-file", gateway.tls.cert, "-tls-key-file", gateway.tls.key]
    return f"Rendered by `remuda render llama-swap`; edit the fleet file instead.\n{' '.join(words)}"


def _keys(fleet: Fleet) -> Iterator[Problem]:
    for number, key in enumerate(fleet.gateway.keys):
        reference = as_reference(key.secret)
        if reference is None or reference.kind != "env":
            path = ("gateway", "keys", number, "secret")
            message = f"{label(path)} cannot be rendered: llama-swap reads secrets from its environment only"
            yield Problem(message, path=path, hint="write `${env:NAME}`")
        if not key.admin:
            message = f"`gateway.keys[{number}]` is no `admin`, but {_ONE_KEY}"
            yield Problem(message, path=("gateway", "keys", number), severity="warning")


def _details(model: Effective) -> Iterator[Problem]:
    """What depends on the runtime, or on the value."""
    path = ("models", model.model_id)
    if model.entry.limits and model.runtime not in CONTAINERS:
        message = f"{label((*path, 'limits'))} is not rendered for llama-swap: it bounds no processes"
        yield Problem(message, path=(*path, "limits"), severity="warning")
    if model.entry.ttl_s is not None and model.entry.ttl_s < 1:
        message = f"{label((*path, 'ttl'))} becomes 1 s: llama-swap takes 0 for never"
        yield Problem(message, path=(*path, "ttl"), severity="warning")
