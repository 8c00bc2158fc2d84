"""What the list of models says about a name.

One entry serves the clients of several protocols: OpenAI's fields, Anthropic's beside them, and the length of the
context under the names of vLLM (`max_model_len`), OpenRouter (`context_length`) and Anthropic (`max_input_tokens`).
What only Remuda knows is under `remuda`. Everything is known without loading a model; only the status changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from remuda.gateway.live import Live
from remuda.gateway.routes import NO_EDITS, Edits


@dataclass(frozen=True, slots=True)
class Listing:
    """A model as the gateway knows it.

    `created` is in seconds since 1970, `context_length` in tokens. `edits` are made in every request for the model. A
    model that `is_unlisted` is served and not told of.
    """

    id: str
    title: str
    engine: str
    aliases: tuple[str, ...] = ()
    created: int = 0
    context_length: int | None = None
    capabilities: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    edits: Edits = NO_EDITS
    is_unlisted: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """A name, and the models that it can lead to; there is at least one."""

    id: str
    kind: Literal["model", "alias", "route"]
    models: tuple[Listing, ...]

    @property
    def title(self) -> str:
        """What people call it."""
        return self.id if self.kind == "route" else self.models[0].title

    @property
    def is_listed(self) -> bool:
        """Whether it may be told of: a route may, whatever it leads to."""
        return self.kind == "route" or not self.models[0].is_unlisted

    @property
    def created(self) -> int:
        """Seconds since 1970."""
        return self.models[0].created

    @property
    def context_length(self) -> int | None:
        """How many tokens fit, whichever model serves; None when one of them does not tell."""
        lengths = [model.context_length for model in self.models]
        known = [length for length in lengths if length is not None]
        return min(known) if len(known) == len(lengths) else None

    @property
    def capabilities(self) -> tuple[str, ...]:
        """What all of the models can do."""
        first, *others = self.models
        return tuple(one for one in first.capabilities if all(one in other.capabilities for other in others))

    def status(self, live: Live) -> str:
        """`ready` when one of the models is, else the state of the first."""
        ids = [model.id for model in self.models]
        return "ready" if any(map(live.is_ready, ids)) else live.state(ids[0])


def entry(known: Known, live: Live) -> dict[str, Any]:
    """One member of the list, and the answer about one model."""
    length = known.context_length
    lengths = {} if length is None else dict.fromkeys(("context_length", "max_model_len", "max_input_tokens"), length)
    return {
        "id": known.id,
        "object": "model",
        "created": known.created,
        "owned_by": "remuda",
        "type": "model",
        "display_name": known.title,
        "created_at": datetime.fromtimestamp(known.created, UTC).isoformat().replace("+00:00", "Z"),
        "lifecycle": "active",
        **lengths,
        "remuda": {**_own(known), "status": known.status(live)},
    }


def listing(names: Iterable[Known], live: Live) -> dict[str, Any]:
    """The list of these names, all on one page."""
    data = [entry(known, live) for known in names]
    return {"object": "list", "data": data, "has_more": False, "first_id": _id(data, 0), "last_id": _id(data, -1)}


def _own(known: Known) -> dict[str, Any]:
    about: dict[str, Any] = {
        "kind": known.kind,
        "name": known.title,
        "models": [model.id for model in known.models],
        "capabilities": known.capabilities,
    }
    if len(known.models) == 1:
        (model,) = known.models
        about |= {"engine": model.engine, "aliases": sorted(model.aliases), "metadata": model.metadata}
    return about


def _id(data: Sequence[Mapping[str, Any]], index: int) -> str | None:
    return data[index]["id"] if data else None
