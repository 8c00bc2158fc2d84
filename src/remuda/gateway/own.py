"""The paths that the gateway answers itself: whether it lives, whether it is ready, which models there are.

`/ready` without a model is for whoever keeps the daemon alive, and tells no more than that it accepts requests.

Nothing here starts an engine or counts as its use.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import unquote_to_bytes

from remuda import __version__
from remuda.gateway.directory import Directory, Known
from remuda.gateway.envelope import Answer, echo, error, json_answer
from remuda.gateway.live import Live
from remuda.gateway.target import Target
from remuda.gateway.translate import ollama

_MODELS = b"/v1/models/"

Allowed = Callable[[str], bool]


def open_answer(target: Target, live: Live) -> Answer:
    """What anybody may know."""
    match target.path:
        case b"/":
            return json_answer({"name": "remuda", "version": __version__})
        case b"/health":
            return json_answer({"status": "ok"})
        case _:
            return _ready("ending" if live.is_ending() else "ready")


def _ready(status: str) -> Answer:
    return json_answer({"status": status}, HTTPStatus.OK if status == "ready" else HTTPStatus.SERVICE_UNAVAILABLE)


def answer(target: Target, directory: Directory, live: Live, allowed: Allowed) -> Answer:
    """What the directory knows, for a key that may ask for these names."""
    match target.path:
        case b"/v1/models" | b"/models":
            return json_answer(directory.listing(allowed, live))
        case b"/ready":
            return _model_ready(target.parameter(b"model") or "", directory, live, allowed)
        case b"/api/version":
            return json_answer(ollama.version())
        case b"/api/tags":
            return json_answer(ollama.tags([_seen(known, live) for known in directory.listed(allowed)]))
        case b"/api/ps":
            loaded = [known for known in directory.listed(allowed) if known.kind == "model" and live.is_ready(known.id)]
            return json_answer(ollama.running([_seen(known, live) for known in loaded]))
        case path:
            name = unquote_to_bytes(path.removeprefix(_MODELS)).decode("utf-8", "replace")
            entry = directory.entry(name, live) if allowed(name) else None
            return json_answer(entry) if entry else unknown_model(name, directory, allowed)


def _seen(known: Known, live: Live) -> ollama.Seen:
    """A model in Ollama's terms; nobody knows the size of its weights before they are loaded."""
    first = known.models[0]
    memory_bytes = live.memory_bytes(first.id)
    return ollama.Seen(
        id=known.id,
        title=known.title,
        engine=first.engine,
        created=known.created,
        context_length=known.context_length,
        capabilities=tuple(word for word in known.capabilities if word in ollama.CAPABILITIES),
        size_bytes=memory_bytes or None,
        size_vram_bytes=memory_bytes,
        expires_at=live.expires_at(first.id),
    )


def _model_ready(name: str, directory: Directory, live: Live, allowed: Allowed) -> Answer:
    """Whether a request for the name would be granted without a start, by one of the models that it can lead to."""
    node = directory.find(name) if allowed(name) else None
    if node is None:
        return unknown_model(name, directory, allowed)
    is_ready = any(map(live.is_ready, node.models))
    return _ready("ready" if is_ready else live.state(node.models[0]))


def show(name: str, directory: Directory, live: Live, allowed: Allowed) -> Answer:
    """Ollama's description of a model."""
    for spelling in (name, ollama.plain_name(name)):
        if allowed(spelling):
            return json_answer(ollama.show(_seen(directory.names[spelling], live)))
    return unknown_model(name, directory, allowed)


def unknown_model(name: str, directory: Directory, allowed: Allowed) -> Answer:
    """There is no such name; the nearest one that the key may ask for is told."""
    meant = directory.nearest(name, allowed)
    hint = f"did you mean `{meant}`?" if meant else "`GET /v1/models` lists what there is"
    message = f"the model {echo(name)} is not known; {hint}"
    return error(HTTPStatus.NOT_FOUND, message, "model_not_found", param="model")
