"""Ollama's `/api/embed` and the older `/api/embeddings`, as requests to `/v1/embeddings`.

`dimensions` is carried out here, as Ollama does: engines have it for few models only, and the first numbers of a vector
of such a model, brought to length 1 again, are what they would send. `/api/embed` answers vectors of length 1 in any
case, `/api/embeddings` those of the engine.

`truncate: true` is sent as `truncate_prompt_tokens: -1`, which vLLM reads; other engines refuse an input that is too
long, as they do without it. `options` are not sent: they say how to load a model and how to choose tokens.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, ClassVar

import msgspec

from remuda.errors import InternalError
from remuda.gateway.translate.ollama_answers import UnreadableError, failure, missing, read, unreadable
from remuda.gateway.translate.ollama_replies import Clock
from remuda.gateway.translation import EventTranslation

_NS = 1_000_000_000
_LENGTH_TOLERANCE = 1e-6


class Embed(msgspec.Struct):
    """A request to `/api/embed`."""

    model: str = ""
    input: str | list[str] | None = None
    truncate: bool | None = None
    dimensions: int | None = None
    keep_alive: float | str | None = None


class OldEmbed(msgspec.Struct):
    """A request to `/api/embeddings`."""

    model: str = ""
    prompt: str | None = None
    keep_alive: float | str | None = None


class Embedding(msgspec.Struct, frozen=True):
    """A `Translation` of either; `dimensions`: how many numbers of each vector are wanted, None for all."""

    body: bytes
    model: str
    is_old: bool
    dimensions: int | None
    now: Clock
    began: float

    path: ClassVar[bytes] = b"/v1/embeddings"
    is_stream: ClassVar[bool] = False

    def whole(self, status: int, body: bytes) -> tuple[int, bytes]:
        """The vectors in the order of the inputs."""
        if status >= HTTPStatus.BAD_REQUEST:
            return failure(status, body)
        try:
            answer = read(body)
        except UnreadableError as reason:
            return unreadable(str(reason))
        if not answer.data:
            return missing("data", answer, body)
        vectors = [found.embedding for found in sorted(answer.data, key=lambda found: found.index)]
        if self.is_old:
            return status, msgspec.json.encode({"embedding": vectors[0]})
        content: dict[str, Any] = {
            "model": self.model,
            "embeddings": [_of_length_one(vector[: self.dimensions]) for vector in vectors],
            "total_duration": max(int((self.now() - self.began) * _NS), 0),
        }
        if answer.usage and answer.usage.prompt_tokens is not None:
            content["prompt_eval_count"] = answer.usage.prompt_tokens
        return status, msgspec.json.encode(content)

    def events(self) -> EventTranslation:
        """Never asked for."""
        raise InternalError("an embedding is not streamed")


def embed(asked: Embed, now: Clock) -> Embedding:
    """The translation of a request to `/api/embed`."""
    body: dict[str, Any] = {"model": asked.model, "input": asked.input}
    if asked.truncate:
        body["truncate_prompt_tokens"] = -1
    dimensions = asked.dimensions if asked.dimensions and asked.dimensions > 0 else None
    return Embedding(msgspec.json.encode(body), asked.model, is_old=False, dimensions=dimensions, now=now, began=now())


def old_embed(asked: OldEmbed, now: Clock) -> Embedding:
    """The translation of a request to `/api/embeddings`."""
    body = msgspec.json.encode({"model": asked.model, "input": asked.prompt})
    return Embedding(body, asked.model, is_old=True, dimensions=None, now=now, began=now())


def _of_length_one(vector: Sequence[float]) -> Sequence[float]:
    length = math.hypot(*vector)
    if not length or abs(length - 1) < _LENGTH_TOLERANCE:
        return vector
    return [number / length for number in vector]
