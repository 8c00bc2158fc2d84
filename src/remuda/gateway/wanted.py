"""What a request wants, wherever its path says that: a member of its JSON, a field of its form, its query, its path."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

import msgspec

from remuda.gateway.api import Api, Source
from remuda.gateway.envelope import Answer, error, malformed, tell
from remuda.gateway.head import RequestHead
from remuda.gateway.multipart import peek_multipart
from remuda.gateway.named import by_path
from remuda.gateway.peek import Peek
from remuda.gateway.shapes import Fault, Shape
from remuda.gateway.translate import ollama
from remuda.gateway.translate.ollama import OllamaRequest

Body = bytes | bytearray

_WATCHED_ONLY = frozenset((b"metrics", b"health", b"props", b"slots", b"favicon.ico", b"version"))


class Wanted(msgspec.Struct, frozen=True):
    """What a request wants.

    `path`: what an engine is asked, with the query. `streams`: the client reads events as they come. `counts_usage`:
    the client has decided itself whether a stream ends with its usage. `observes`: not worth a start.
    """

    model: str
    path: bytes
    streams: bool = False
    counts_usage: bool = False
    observes: bool = False
    ollama: OllamaRequest | None = None


class Asker(msgspec.Struct, frozen=True):
    """Who has to be asked to understand a request: which names there are, and the time."""

    is_known: Callable[[str], bool]
    clock: Callable[[], float]


def wanted_by_peek(api: Api, head: RequestHead, found: Peek) -> Wanted:
    """What a request wants whose JSON says this."""
    return Wanted(found.model, api.upstream + head.target.query, found.stream, found.has_stream_options)


def wanted(api: Api, head: RequestHead, body: Body, asker: Asker) -> Wanted | Answer:
    """What a request wants of which more must be read than a `Peek`, or the error to answer."""
    if api.shape is Shape.OLLAMA:
        return _of_ollama(api, body, asker)
    if api.source is Source.FORM:
        form = peek_multipart(body, head.content_type or b"")
        if isinstance(form, Fault):
            return tell(form)
        return Wanted(form.model, api.upstream + head.target.query, form.stream)
    if api.source is Source.QUERY:
        return _in_query(api, head)
    return _in_path(head, asker.is_known)


def _of_ollama(api: Api, body: Body, asker: Asker) -> Wanted | Answer:
    found = ollama.translate(api.upstream, body, asker.clock)
    if isinstance(found, Fault):
        return tell(found)
    name = found.model if asker.is_known(found.model) else ollama.plain_name(found.model)
    return Wanted(name, api.upstream, found.is_stream, ollama=found)


def _in_query(api: Api, head: RequestHead) -> Wanted | Answer:
    model = head.target.parameter(b"model")
    if not model:
        return error(HTTPStatus.BAD_REQUEST, "the query must name a `model`, once", "invalid_model", param="model")
    return Wanted(model, api.upstream + head.target.query, observes=api.observes)


def _in_path(head: RequestHead, is_known: Callable[[str], bool]) -> Wanted | Answer:
    named = by_path(head.target, is_known)
    if named is None:
        return malformed("a path below `/upstream/` must not have segments `.` or `..`")
    observes = head.method in (b"GET", b"HEAD") and named.path.partition(b"?")[0].strip(b"/") in _WATCHED_ONLY
    return Wanted(named.name, named.path, observes=observes)
