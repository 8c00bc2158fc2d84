"""What Ollama's clients are told of the models that there are: `/api/tags`, `/api/ps`, `/api/show`, `/api/version`.

What nobody knows of a model is an empty string or 0: Ollama's own clients crash on less. `digest` is that of the ID,
since models here have no manifest. Licences, Modelfiles, templates and tensors are the engines' and not told.

Source: ollama/ollama api/types.go, and server/routes.go for what clients need beyond that.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from remuda import __version__
from remuda.gateway.translate.ollama_replies import timestamp

CAPABILITIES = frozenset(("completion", "tools", "insert", "vision", "embedding", "thinking", "audio"))
"""The words that its clients know."""

VERSION = "0.32.15"
"""The release of Ollama whose API this is. Clients refuse old ones (VS Code: below 0.6.4) and read only numbers."""

_NEVER = datetime(2300, 1, 1, tzinfo=UTC)


class Seen(msgspec.Struct, frozen=True):
    """A model. `created` and `expires_at` are in seconds since 1970; a model without `expires_at` stays for ever.

    `capabilities`: Ollama's words `completion`, `tools`, `insert`, `vision`, `embedding`, `thinking`, `audio`.
    `format` and the members after it, when they are known: `gguf`, `llama`, `8.0B`, `Q4_K_M`.
    """

    id: str
    title: str
    engine: str
    created: float
    context_length: int | None = None
    capabilities: tuple[str, ...] = ()
    size_bytes: int | None = None
    size_vram_bytes: int = 0
    expires_at: float | None = None
    format: str = ""
    family: str = ""
    parameter_size: str = ""
    quantization_level: str = ""


def plain_name(name: str) -> str:
    """The name without the tag that Ollama's clients add where there is none."""
    return name.removesuffix(":latest")


def tags(models: Sequence[Seen]) -> dict[str, Any]:
    """The body of `GET /api/tags`."""
    return {"models": [_entry(model) | _listed(model) for model in models]}


def running(models: Sequence[Seen]) -> dict[str, Any]:
    """The body of `GET /api/ps`: of these models, which are loaded."""
    return {"models": [_entry(model) | _loaded(model) for model in models]}


def show(model: Seen) -> dict[str, Any]:
    """The body of `POST /api/show`."""
    architecture = model.family or model.engine
    info: dict[str, Any] = {"general.architecture": architecture, "general.basename": model.title}
    if model.context_length is not None:
        info[f"{architecture}.context_length"] = model.context_length
    return {
        "modelfile": "",
        "parameters": "",
        "template": "",
        "details": _details(model),
        "model_info": info,
        "capabilities": model.capabilities,
        "modified_at": timestamp(model.created),
    }


def version() -> dict[str, Any]:
    """The body of `GET /api/version`."""
    return {"version": VERSION, "remuda": __version__}


def _entry(model: Seen) -> dict[str, Any]:
    return {
        "name": model.id,
        "model": model.id,
        "size": model.size_bytes or model.size_vram_bytes,
        "digest": hashlib.sha256(model.id.encode()).hexdigest(),
        "details": _details(model),
    }


def _listed(model: Seen) -> dict[str, Any]:
    return {"modified_at": timestamp(model.created), "capabilities": model.capabilities}


def _loaded(model: Seen) -> dict[str, Any]:
    return {
        "expires_at": _NEVER if model.expires_at is None else timestamp(model.expires_at),
        "size_vram": model.size_vram_bytes,
        "context_length": model.context_length or 0,
    }


def _details(model: Seen) -> dict[str, Any]:
    found: dict[str, Any] = {
        "parent_model": "",
        "format": model.format,
        "family": model.family,
        "families": [model.family] if model.family else [],
        "parameter_size": model.parameter_size,
        "quantization_level": model.quantization_level,
    }
    if model.context_length is not None:
        found["context_length"] = model.context_length
    return found
