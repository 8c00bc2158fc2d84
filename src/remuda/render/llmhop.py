"""Renders a fleet for llmhop's router: `llmhop-1.json` for its releases 1.x, `llmhop-2.json` for those from 2.0 on.

llmhop sends each request on as it is to the one server of its `model`; it starts nothing, changes nothing and chooses
nothing. The models are where `remuda render quadlet` puts them. Whatever a client may ask for has therefore to be a
name that the engine itself knows; all else is refused by name.

Sources: internal/config/config.go and internal/secrets of mirkolenz/llmhop at c302742 (1.x) and 0268162 (2.x). 1.x
takes every `$` for the beginning of a name, and what a `${file:…}` names without a directory for a systemd credential;
2.x has `$$` and `${cred:…}`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, Final

from remuda.errors import Problem
from remuda.render.contract import Rendering, Request
from remuda.render.order import Place
from remuda.render.paths import moved
from remuda.render.ports import ports
from remuda.render.starting import joined, starting, word
from remuda.render.unsaid import Unsaid
from remuda.spec.defaults import EXTERNAL
from remuda.spec.document import Path
from remuda.spec.fleet import Fleet
from remuda.spec.form import label
from remuda.spec.merge import Effective
from remuda.spec.reference import Reference

NAME: Final = "llmhop"
SUMMARY: Final = "configurations of llmhop's router, of its releases 1 and 2"

FIRST: Final = PurePosixPath("llmhop-1.json")
SECOND: Final = PurePosixPath("llmhop-2.json")

_STARTS: Final = "llmhop starts and stops nothing"
_PASSES: Final = "llmhop sends requests and answers on as they are"
_LISTS: Final = "llmhop's list has names only"
_ALIKE: Final = "all tokens of llmhop are alike"

UNSAID: Final = Unsaid(
    program="llmhop",
    model={
        **dict.fromkeys(("ttl", "sleep", "keep_cache", "swappable", "priority", "preload", "always_on"), _STARTS),
        **dict.fromkeys(("hooks", "health_timeout"), _STARTS),
        **dict.fromkeys(("strip_params", "set_params", "timings", "on_disconnect"), _PASSES),
        **dict.fromkeys(("name", "capabilities", "context_length", "metadata"), _LISTS),
    },
    residency=dict.fromkeys(
        ("budget", "sets", "evict_costs", "groups", "reserve", "min_residency", "max_wait"), _STARTS
    ),
    gateway={"access_log": "llmhop writes none", "limits": "of these llmhop has only `body_size`, which is rendered"},
    key=dict.fromkeys(
        ("models", "admin", "requests_per_minute", "tokens_per_minute", "concurrency", "priority"), _ALIKE
    ),
)


def render(request: Request) -> Rendering:
    """The two files; the first is left out where a text has a `$`, for which llmhop 1 has no form."""
    fleet, models = request.fleet, {model.model_id: model for model in request.models()}
    names, refused = _names(fleet, models)
    problems = (*_gateway(fleet), *_references(fleet, models), *refused, *UNSAID.problems(request), *_of_first(models))
    if any(problem.severity == "error" for problem in problems):
        return Rendering(problems=problems)
    port = ports(fleet)
    urls = {name: model.entry.url or f"http://127.0.0.1:{port[model.model_id]}" for name, model in names.items()}
    files = {SECOND: _text(_second(fleet, names, urls))}
    if not any(map(_has_dollar, models.values())):
        files[FIRST] = _text(_first(fleet, names, urls))
    return Rendering(files, problems)


def _first(fleet: Fleet, names: Mapping[str, Effective], urls: Mapping[str, str]) -> dict[str, Any]:
    return {
        "listen": str(fleet.gateway.listen),
        **_shared(fleet, _spelled_1),
        "models": {name: _entry(urls[name], model, _spelled_1) for name, model in names.items()},
    }


def _second(fleet: Fleet, names: Mapping[str, Effective], urls: Mapping[str, str]) -> dict[str, Any]:
    models = {name: _entry(urls[name], model, _spelled_2) for name, model in names.items()}
    for name, model in names.items():
        if model.entry.unlisted:
            models[name]["unlisted"] = True
    return {
        "host": fleet.gateway.host,
        "port": fleet.gateway.port,
        "maxConcurrentRequests": fleet.gateway.limits.queue,
        **_shared(fleet, _spelled_2),
        "models": models,
    }


def _shared(fleet: Fleet, spelled: Callable[[str], str]) -> dict[str, Any]:
    tokens = [spelled(key.secret) for key in fleet.gateway.keys]
    return {"maxBodyBytes": fleet.gateway.limits.body_bytes, **({"authTokens": tokens} if tokens else {})}


def _entry(url: str, model: Effective, spelled: Callable[[str], str]) -> dict[str, Any]:
    headers = {name: spelled(text) for name, text in model.entry.upstream_headers.items()}
    return {"url": url, **({"headers": headers} if headers else {})}


def _spelled_1(text: str) -> str:
    return joined(word(text), lambda each: f"${{file:{each.name}}}" if each.kind == "cred" else str(each))


def _spelled_2(text: str) -> str:
    return joined(word(text), str, lambda part: part.replace("$", "$$"))


def _text(config: Mapping[str, Any]) -> str:
    return json.dumps(config, indent=2, ensure_ascii=False) + "\n"


def _names(fleet: Fleet, models: Mapping[str, Effective]) -> tuple[dict[str, Effective], list[Problem]]:
    """Every name that clients may send, and those that no engine would know."""
    wanted: list[tuple[Path, str, str]] = []
    for name, model in models.items():
        wanted.append((("models", name), name, name))
        wanted += [(("models", name, "aliases", at), alias, name) for at, alias in enumerate(model.entry.aliases)]
    aliases = {alias: name for _, alias, name in wanted}
    problems = []
    for name, route in fleet.routes.items():
        if not isinstance(route, str):
            message = f"`routes.{name}` cannot be rendered: llmhop neither chooses nor changes anything"
            problems.append(Problem(message, path=("routes", name), hint="name the model"))
        elif (end := _end(fleet, aliases, route)) in models:
            wanted.append((("routes", name), name, end))
    names = {name: models[of] for _, name, of in wanted}
    problems += [problem for path, name, of in wanted for problem in _unknown_to_engine(path, name, models[of])]
    return names, problems


def _end(fleet: Fleet, aliases: Mapping[str, str], name: str) -> str:
    """The model that a chain of names ends at; empty where it ends at a choice, which is refused itself."""
    while name not in aliases:
        route = fleet.routes.get(name)
        if not isinstance(route, str):
            return ""
        name = route
    return aliases[name]


def _unknown_to_engine(path: Path, name: str, model: Effective) -> Iterator[Problem]:
    known = _known_as(model)
    if known is not None and known != name:
        message = f"{label(path)} cannot be rendered: llmhop passes `{name}` on, and its engine knows `{known}` only"
        yield Problem(message, path=path, hint=f"let clients ask for `{known}`")


def _known_as(model: Effective) -> str | None:
    """The one name that the engine answers to; None if it answers to any."""
    if model.runtime == EXTERNAL:
        return model.entry.served_name or model.entry.model or model.model_id
    return starting(model, Place(("",), "", 1)).served_name


def _gateway(fleet: Fleet) -> Iterator[Problem]:
    if fleet.gateway.tls:
        message = "`gateway.tls` cannot be rendered: llmhop speaks http only"
        yield Problem(message, path=("gateway", "tls"), hint="put a server that speaks https before it")
    if fleet.gateway.port == 0:
        message = "`gateway.listen` has port 0, which is another one at every start"
        yield Problem(message, path=("gateway", "listen"), hint="write a port")


def _references(fleet: Fleet, models: Mapping[str, Effective]) -> Iterator[Problem]:
    """Files that would be looked for beside systemd's credentials."""
    texts: list[tuple[Path, str]] = [
        (("gateway", "keys", number, "secret"), key.secret) for number, key in enumerate(fleet.gateway.keys)
    ]
    for name, model in models.items():
        texts += [(("models", name, "upstream_headers", key), text) for key, text in _headers(model).items()]
    for path, text in texts:
        for part in word(text):
            if isinstance(part, Reference) and part.kind == "file" and not part.name.startswith("/"):
                yield moved(path, part.name)


def _of_first(models: Mapping[str, Effective]) -> Iterator[Problem]:
    """What only llmhop 2 can be told."""
    for name, model in models.items():
        if _has_dollar(model):
            path: Path = ("models", name, "upstream_headers")
            message = f"{label(path)} has a `$`, for which llmhop 1 has no form: `{FIRST}` is not rendered"
            yield Problem(message, path=path, severity="warning")
        if model.entry.unlisted:
            path = ("models", name, "unlisted")
            yield Problem(f"{label(path)} is not rendered for llmhop 1: it lists all", path=path, severity="warning")


def _has_dollar(model: Effective) -> bool:
    parts = (part for text in _headers(model).values() for part in word(text))
    return any(isinstance(part, str) and "$" in part for part in parts)


def _headers(model: Effective) -> Mapping[str, str]:
    return model.entry.upstream_headers
