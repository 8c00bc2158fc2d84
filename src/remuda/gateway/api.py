"""The paths that the gateway knows, as a table: the methods, where the model is named, whose protocol it is.

OpenAI's paths are known with and without `/v1`, and sent on with it, since not every engine knows both.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from remuda.gateway.shapes import Shape


class Source(enum.Enum):
    """Where a request names its model, if it does."""

    JSON = enum.auto()
    """A member of the JSON body."""
    FORM = enum.auto()
    """A field of a multipart form."""
    QUERY = enum.auto()
    """A parameter of the query."""
    PATH = enum.auto()
    """The path, after `/upstream/`."""
    OURS = enum.auto()
    """Nowhere: the gateway answers itself."""
    CONTROL = enum.auto()
    """Nowhere: the control API of the daemon answers, for keys of administrators."""


class Api(msgspec.Struct, frozen=True):
    """What is done with a path.

    `methods`: those that it takes, any when empty. `upstream`: the path that is sent to an engine. `native`: the path
    that an engine must have to be sent the request as it is; requests for other engines are translated.
    `is_open`: asked without a key. `observes`: never a reason to start an engine, or to keep one. `tunnels`: may become
    a WebSocket.
    """

    source: Source
    methods: tuple[bytes, ...]
    upstream: bytes = b""
    shape: Shape = Shape.OPENAI
    native: str | None = None
    is_open: bool = False
    observes: bool = False
    tunnels: bool = False


_GET = (b"GET", b"HEAD")
_POST = (b"POST",)

_JSON_PATHS = (
    "/v1/chat/completions",
    "/v1/completions",
    "/v1/embeddings",
    "/v1/audio/speech",
    "/v1/images/generations",
)
_FORM_PATHS = ("/v1/audio/transcriptions", "/v1/audio/translations", "/v1/images/edits", "/v1/images/variations")
# Not OpenAI's: each engine has its own spellings of these, so they are sent on as they are.
_ENGINES_OWN_PATHS = (
    *("/v1/rerank", "/rerank", "/v2/rerank", "/v1/reranking", "/reranking", "/v1/score", "/score", "/v1/classify"),
    *("/classify", "/pooling", "/tokenize", "/detokenize", "/apply-template", "/infill", "/completion"),
    *("/sdapi/v1/txt2img", "/sdapi/v1/img2img"),
)
_OLLAMA_PATHS = ("/api/chat", "/api/generate", "/api/embed", "/api/embeddings")
_OLLAMA_ANSWERS = {"/api/tags": _GET, "/api/ps": _GET, "/api/show": _POST, "/api/version": _GET}

CONTROL = Api(Source.CONTROL, ())
UPSTREAM = Api(Source.PATH, (), tunnels=True)
MODEL_ENTRY = Api(Source.OURS, _GET)


def _engine_paths() -> dict[str, Api]:
    table = {}
    for path in _JSON_PATHS:
        table[path] = table[path.removeprefix("/v1")] = Api(Source.JSON, _POST, path.encode())
    for path in _FORM_PATHS:
        table[path] = table[path.removeprefix("/v1")] = Api(Source.FORM, _POST, path.encode())
    for path in _ENGINES_OWN_PATHS:
        table[path] = Api(Source.JSON, _POST, path.encode())
    for path in ("/v1/messages", "/v1/messages/count_tokens"):
        table[path] = Api(Source.JSON, _POST, path.encode(), Shape.ANTHROPIC, native=path)
    table["/v1/responses"] = table["/responses"] = Api(Source.JSON, _POST, b"/v1/responses", native="/v1/responses")
    for path in _OLLAMA_PATHS:
        table[path] = Api(Source.JSON, _POST, path.encode(), Shape.OLLAMA, native=path)
    table["/props"] = Api(Source.QUERY, _GET, b"/props", observes=True)
    table["/v1/realtime"] = Api(Source.QUERY, (b"GET",), b"/v1/realtime", tunnels=True)
    for path in ("/v1/audio/voices", "/sdapi/v1/loras"):
        table[path] = Api(Source.QUERY, _GET, path.encode())
    return table


def _own_paths() -> dict[str, Api]:
    table = {path: Api(Source.OURS, _GET, is_open=True) for path in ("/", "/health", "/ready")}
    table["/v1/models"] = table["/models"] = Api(Source.OURS, _GET)
    table.update((path, Api(Source.OURS, methods, shape=Shape.OLLAMA)) for path, methods in _OLLAMA_ANSWERS.items())
    table.update((path, CONTROL) for path in ("/metrics", "/running", "/unload", "/logs", "/logs/stream"))
    return table


PATHS: Mapping[bytes, Api] = MappingProxyType(
    {path.encode(): api for path, api in (_engine_paths() | _own_paths()).items()}
)
_PREFIXES = (
    (b"/upstream/", UPSTREAM),
    (b"/v1/models/", MODEL_ENTRY),
    (b"/api/", CONTROL),
    (b"/logs/stream/", CONTROL),
)


def find(path: bytes) -> Api | None:
    """What is done with a path; None when there is nothing at it."""
    api = PATHS.get(path)
    if api is None:
        return next((known for prefix, known in _PREFIXES if path.startswith(prefix)), None)
    return api


def shape_of(path: bytes) -> Shape:
    """The protocol in which errors at a path are told."""
    api = find(path)
    return api.shape if api else Shape.OPENAI
