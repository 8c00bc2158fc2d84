"""One model in llama-swap's configuration: under `models` what it runs, under `peers` what somebody else does."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from remuda.errors import Problem
from remuda.plan.serving import serving
from remuda.render.llama_swap.process import Process
from remuda.render.llama_swap.text import has_macro, variable
from remuda.render.paths import relative
from remuda.render.starting import joined, nested_references, references, word
from remuda.render.unsaid import is_set
from remuda.spec.document import Path
from remuda.spec.fleet import Fleet
from remuda.spec.form import label
from remuda.spec.merge import Effective
from remuda.spec.reference import Reference, parse

_PARAMETER: Final = re.compile(r"[A-Za-z0-9_]+")
_TITLE_LENGTH: Final = 128
_BEARER: Final = "Bearer "
_NOT_OF_PEERS: Final = (
    "name",
    "aliases",
    "metadata",
    "capabilities",
    "context_length",
    "unlisted",
    "preload",
    "priority",
)
_MODALITIES: Final = {"vision": "image", "audio": "audio"}


def model(fleet: Fleet, one: Effective, started: Process) -> dict[str, Any]:
    """The entry of a model that llama-swap runs."""
    entry, served = one.entry, serving(one)
    name, path = started.starting.served_name, started.starting.readiness.path
    keys: dict[str, Any] = {
        "name": entry.name,
        "cmd": started.cmd,
        "cmdStop": started.cmd_stop,
        "env": list(started.env),
        "proxy": started.proxy,
        "checkEndpoint": path or "none",
        "ttl": 0 if entry.ttl_s is None else max(1, math.ceil(entry.ttl_s)),
        "aliases": list(entry.aliases),
        "useModelName": None if name in (None, one.model_id) else name,
        "filters": filters(one),
        "concurrencyLimit": fleet.gateway.limits.queue,
        "capabilities": _capabilities(served.capabilities, served.context_length),
        "metadata": dict(entry.metadata),
        "unlisted": entry.unlisted,
    }
    return {key: value for key, value in keys.items() if value not in (None, [], {}, False) or key == "ttl"}


def filters(one: Effective) -> dict[str, Any]:
    """What is changed in requests."""
    entry = one.entry
    found = {"stripParams": ", ".join(entry.strip_params), "setParams": dict(entry.set_params)}
    return {key: value for key, value in found.items() if value}


def peer(one: Effective) -> dict[str, Any]:
    """The entry of a server that somebody else runs."""
    header = one.entry.upstream_headers.get("Authorization")
    key = joined(word(header), variable).removeprefix(_BEARER) if header else None
    found = {"proxy": one.entry.url, "apiKey": key, "models": [one.model_id], "filters": filters(one)}
    return {name: value for name, value in found.items() if value}


def problems(one: Effective) -> Iterator[Problem]:
    """What cannot be said of a model."""
    path: Path = ("models", one.model_id)
    for number, name in enumerate(one.entry.strip_params):
        if not _PARAMETER.fullmatch(name):
            where: Path = (*path, "strip_params", number)
            yield Problem(f"{label(where)} is `{name}`, which llama-swap cannot strip", path=where)
    if len(one.entry.name or "") > _TITLE_LENGTH:
        message = f"{label((*path, 'name'))} is too long: llama-swap takes {_TITLE_LENGTH} characters"
        yield Problem(message, path=(*path, "name"), hint="shorten it")
    yield from _of_peer(one) if one.entry.url else _of_process(one)


def _of_process(one: Effective) -> Iterator[Problem]:
    yield from relative(one)
    yield from nested_references(one)
    for path, reference in references(one):
        if reference.kind != "env":
            message = f"{label(path)} refers to `{reference}`: llama-swap reads secrets from its environment only"
            yield Problem(message, path=path, hint="write `${env:NAME}`")
        elif "environment" not in path:
            message = f"{label(path)} refers to `{reference}`, which llama-swap would write to a command line"
            yield Problem(message, path=path, hint="pass it in `environment`, as far as the engine reads it there")
    for name, value in one.environment.items():
        if has_macro("".join(part for part in parse(value) if isinstance(part, str))):
            own: Path = ("models", one.model_id) if name in one.entry.environment else ("engines", one.engine)
            where: Path = (*own, "environment", name)
            message = f"{label(where)} has a text that llama-swap would take for one of its macros"
            yield Problem(message, path=where, hint="write it without the `${`")


def _of_peer(one: Effective) -> Iterator[Problem]:
    entry, path = one.entry, ("models", one.model_id)
    name = entry.served_name or entry.model or one.model_id
    if name != one.model_id:
        message = f"cannot render `{one.model_id}`: llama-swap asks a peer by the name that clients send, not `{name}`"
        yield Problem(message, path=path, hint=f"call the model `{name}`")
    for field, text in entry.upstream_headers.items():
        if field.lower() != "authorization" or not _is_key(text):
            where: Path = (*path, "upstream_headers", field)
            message = f"{label(where)} cannot be rendered: a peer of llama-swap is only sent a bearer token"
            yield Problem(message, path=where, hint="write `Authorization: Bearer ${env:NAME}`, or leave it out")
    for key in _NOT_OF_PEERS:
        if is_set(entry, key):
            where = (*path, key)
            message = f"{label(where)} is not rendered for llama-swap: it says nothing of a peer's models"
            yield Problem(message, path=where, severity="warning")


def _is_key(text: str) -> bool:
    match parse(text):
        case ("Bearer ", Reference("env", _)):
            return True
    return False


def _capabilities(able: tuple[str, ...], context: int | None) -> Mapping[str, Any]:
    """Those that llama-swap has words for."""
    chats = "chat" in able
    found = {
        "in": [*(["text"] if chats else []), *(name for word, name in _MODALITIES.items() if word in able)],
        "out": ["text"] if chats else [],
        "tools": "tools" in able,
        "reranker": "reranking" in able,
        "context": context,
    }
    return {key: value for key, value in found.items() if value}
