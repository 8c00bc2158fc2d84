"""A request on its way to an engine: what is known when it is let through, and what is sent once an instance is known.

The original bytes of the body are sent wherever they can be. They are changed for an engine that expects another
`model`, for the edits that the fleet file asks for, and where the engine does not speak the path's protocol.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Protocol
from urllib.parse import quote, unquote_to_bytes

import msgspec

from remuda.gateway.api import Api, Source
from remuda.gateway.edits import edit
from remuda.gateway.head import RequestHead
from remuda.gateway.keys import Key
from remuda.gateway.multipart import peek_multipart
from remuda.gateway.routes import Candidate, Edits
from remuda.gateway.shapes import Fault, Shape
from remuda.gateway.timings import Timings
from remuda.gateway.traits import Traits
from remuda.gateway.translate import anthropic, responses
from remuda.gateway.translate.ollama import KeepAlive
from remuda.gateway.translation import EventTranslation, Translation
from remuda.gateway.wanted import Body, Wanted

_BEGUN = 64
_FROM_JSON = Source.JSON
_JSON = b"application/json"
_GENERATING = (b"/v1/chat/completions", b"/v1/completions")
_WITH_USAGE = Edits(set={"stream_options": b'{"include_usage":true}'})
_OURS_OF_OLLAMA = Edits(strip=("keep_alive",))
_TRANSLATORS: Mapping[str, Callable[[Body], Translation | Fault]] = MappingProxyType(
    {
        "/v1/messages": anthropic.translate,
        "/v1/messages/count_tokens": anthropic.translate_count,
        "/v1/responses": responses.translate,
    }
)


class WayBack(Protocol):
    """What is done to a response on its way to the client."""

    def whole(self, status: int, body: bytes) -> tuple[int, bytes]:
        """The status and JSON body for the client."""
        ...

    def events(self) -> EventTranslation:
        """A translator for a stream."""
        ...


class Forward(msgspec.Struct, frozen=True, eq=False):
    """A request to send to one of the `candidates`, whatever the rest of its body says.

    `method` and `path` are those of the head, to be written down. `begun`: how heads begin that were made of it, each
    under all that it depends on; the same request is met again and again.
    """

    api: Api
    head: RequestHead
    key: Key
    wanted: Wanted
    candidates: tuple[Candidate, ...]
    method: str
    path: str
    begun: dict[tuple[object, ...], bytes] = msgspec.field(default_factory=dict)

    @classmethod
    def of(cls, api: Api, head: RequestHead, key: Key, wanted: Wanted, candidates: tuple[Candidate, ...]) -> Forward:
        """What becomes of a request with this head that wants this."""
        return cls(api, head, key, wanted, candidates, head.method.decode(), head.target.path.decode("latin-1"))

    def remember(self, begun: bytes, *under: object) -> None:
        """Remember how a head begins."""
        if len(self.begun) >= _BEGUN:
            self.begun.clear()
        self.begun[under] = begun

    @property
    def is_peeked(self) -> bool:
        """Whether it is the same request for all bodies of which a peek tells the same."""
        return self.api.source is _FROM_JSON and self.wanted.ollama is None

    @property
    def heeds_comments(self) -> bool:
        """Whether the client reads server-sent events, in which a comment says nothing but that we live."""
        return self.wanted.streams and self.api.shape is not Shape.OLLAMA

    @property
    def keep_alive(self) -> KeepAlive | None:
        """How long the client wants the instance to stay."""
        return self.wanted.ollama.keep_alive if self.wanted.ollama else None

    @property
    def is_bare(self) -> bool:
        """Whether nothing is asked of the model but to be loaded, or to go."""
        return self.wanted.ollama is not None and self.wanted.ollama.translation is None

    @property
    def only_unloads(self) -> bool:
        """Whether all that is asked is that the model goes."""
        return self.is_bare and self.keep_alive is not None and self.keep_alive.ttl_s == 0


class Prepared(msgspec.Struct, frozen=True):
    """What one instance is sent; `back`: what its response has to go through, None for nothing."""

    path: bytes
    body: Body
    content_type: bytes | None
    back: WayBack | None


class Server(Protocol):
    """The instance that is to be sent a request: the name that it expects (None: any), the protocols that it speaks."""

    @property
    def served_name(self) -> str | None:
        """The `model` in a request to it."""
        ...

    @property
    def apis(self) -> frozenset[str]:
        """The paths that it serves itself."""
        ...


class Destination(msgspec.Struct, frozen=True):
    """An instance, and how the fleet file wants its requests treated."""

    server: Server
    edits: Edits
    traits: Traits


def prepare(forward: Forward, body: Body, to: Destination, clock: Callable[[], float]) -> Prepared | Fault:
    """The request as this instance needs it, or why that cannot be."""
    api, asked, path = forward.api, forward.wanted, forward.wanted.path
    server, edits = to.server, to.edits
    written = asked.ollama.model if asked.ollama else asked.model
    name = None if server.served_name == written else server.served_name
    if api.source is not _FROM_JSON:
        return _as_it_is(forward, body, name)
    back: WayBack | None = None
    if api.native is not None and api.native not in server.apis:
        translated = asked.ollama.translation if asked.ollama else _TRANSLATORS[api.native](body)
        if isinstance(translated, Fault):
            return translated
        assert translated is not None  # noqa: S101  a bare request is not sent
        body, path, back = translated.body, translated.path, translated
    elif asked.ollama:
        edits = edits.then(_OURS_OF_OLLAMA)
    elif to.traits.tells_timings and api.upstream in _GENERATING:
        is_hidden = asked.streams and not asked.counts_usage
        back = Timings(clock, hides_usage=is_hidden)
        edits = edits.then(_WITH_USAGE) if is_hidden else edits
    if name is not None or edits:
        body = edit(body, name, edits)
    return Prepared(path, body, _JSON, back)


def _as_it_is(forward: Forward, body: Body, name: str | None) -> Prepared:
    """A request that is not JSON: no more than the model's name is changed in it."""
    path, source = forward.wanted.path, forward.api.source
    if name is None or source in (Source.PATH, Source.CONTROL):
        return Prepared(path, body, None, None)
    if source is not Source.FORM:
        return Prepared(_with_model(path, name), body, None, None)
    # Understood once already; to keep what was found would be to keep the body.
    form = peek_multipart(body, forward.head.content_type or b"")
    assert not isinstance(form, Fault)  # noqa: S101  it was none before
    return Prepared(path, b"".join(form.with_model(name)), form.content_type, None)


def _with_model(path: bytes, name: str) -> bytes:
    """A path with another `model` in its query."""
    bare, _, query = path.partition(b"?")
    pairs = [pair for pair in query.split(b"&") if pair and unquote_to_bytes(pair.partition(b"=")[0]) != b"model"]
    return b"%b?%b" % (bare, b"&".join((*pairs, b"model=" + quote(name, safe="").encode())))
