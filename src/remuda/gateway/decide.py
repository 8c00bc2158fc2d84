"""What to do with a request, in two steps: by its head alone, and then with its body.

`screen` sees the head. It gives the answer where that already settles it, so that nobody uploads a body for a 404:
1. the path is known, else 404; 2. the method is one of the path's, else 405; 3. what anybody may know is answered;
4. there are keys and none fits: 401; 5. the control API is for administrators, else 403; 6. what the directory knows is
answered; 7. the body is too large or encoded: 413, 415.
`decide` sees the body: 8. it names a model, else 400; 9. the model is known, else 404 with the name nearest to it;
10. the key may ask for it, else 403; 11. below `/upstream/`, the path is nothing that would change the engine's state
behind our back, else 403; 12. forward. The numbers are repeated below.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

import msgspec

from remuda.gateway import own
from remuda.gateway.affinity import header_key, prefix_key
from remuda.gateway.api import Api, Source, find
from remuda.gateway.directory import Directory
from remuda.gateway.envelope import Answer, echo, error, tell
from remuda.gateway.foreign import is_foreign
from remuda.gateway.forward import Forward
from remuda.gateway.head import RequestHead
from remuda.gateway.keys import NO_KEYS, Key, Keyring
from remuda.gateway.live import Live, Nothing
from remuda.gateway.peek import Peek, peek
from remuda.gateway.routes import NO_EDITS, Candidate, Leaf, Node
from remuda.gateway.shapes import Fault, Shape
from remuda.gateway.traits import PLAIN, Traits
from remuda.gateway.translate import ollama
from remuda.gateway.wanted import Asker, Body, Wanted, wanted, wanted_by_peek

BODY_MAX_BYTES = 100 * 1024 * 1024

_CONTROL = (Candidate("", NO_EDITS),)
_JSON, _BY_PATH, _CONTROLS, _OURS = Source.JSON, Source.PATH, Source.CONTROL, Source.OURS
_OLLAMA = Shape.OLLAMA
_DECIDED = 64
_SHOW = b"/api/show"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What decisions depend on that is not fixed: what runs, a number for every draw, seconds since 1970."""

    live: Live
    chance: Callable[[], float]
    clock: Callable[[], float]


NOWHERE = Surroundings(Nothing(), lambda: 0.0, lambda: 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Gateway:
    """Everything that decisions depend on: a snapshot, replaced as a whole when the fleet or its keys change.

    It is equal to itself only: what has been decided is remembered under it.
    """

    directory: Directory
    keyring: Keyring = NO_KEYS
    traits: Mapping[str, Traits] = field(default_factory=dict)
    body_max_bytes: int = BODY_MAX_BYTES
    around: Surroundings = NOWHERE

    asker: Asker = field(init=False)

    def __post_init__(self) -> None:
        """Make what every request needs once."""
        object.__setattr__(self, "asker", Asker(lambda name: self.directory.find(name) is not None, self.around.clock))

    def allowed(self, key: Key) -> Callable[[str], bool]:
        """Which names the key may ask for."""

        def may(name: str) -> bool:
            node = self.directory.find(name)
            return node is not None and may_ask(key, name, node)

        return may

    def traits_of(self, model: str) -> Traits:
        """What the fleet file says about the treatment of a model's requests."""
        return self.traits.get(model, PLAIN)


class Admitted(msgspec.Struct, frozen=True, eq=False):
    """A request whose body is wanted.

    `decided`: what `decide` has come to, for bodies of which it says the same; the same head is met again and again.
    """

    head: RequestHead
    key: Key
    api: Api
    decided: dict[tuple[Gateway, Peek], Forward] = msgspec.field(default_factory=dict)

    @property
    def is_tunnel(self) -> bool:
        """Whether the client wants to leave HTTP for a WebSocket, where an engine may have one."""
        upgrade = self.head.upgrade
        is_asked_for = upgrade is not None and upgrade.lower() == b"websocket" and not self.head.has_body
        return is_asked_for and self.api.tunnels


def screen(head: RequestHead, gateway: Gateway) -> Answer | Admitted:
    """Judge a request by its head."""
    path = head.target.path
    api = find(path)
    if api is None:  # 1
        return error(HTTPStatus.NOT_FOUND, f"there is nothing at {echo(path.decode('latin-1'))}", "unknown_path")
    if api.methods and head.method not in api.methods:  # 2
        return _method_not_allowed(path, api.methods)
    if api.is_open and not head.target.query:  # 3
        return own.open_answer(head.target, gateway.around.live)
    key = gateway.keyring.find(head.secret)
    if key is None:  # 4
        return _unauthorized(head.secret)
    if api.source is Source.CONTROL and (refusal := _control_refused(head, key, gateway)):  # 5
        return refusal
    if api.source is Source.OURS and path != _SHOW:  # 6
        return own.answer(head.target, gateway.directory, gateway.around.live, gateway.allowed(key))
    return _body_refused(head, api, gateway.body_max_bytes) or Admitted(head, key, api)  # 7


def decide(admitted: Admitted, body: Body, gateway: Gateway) -> Answer | Forward:
    """Judge a request by its body."""
    api = admitted.api
    if api.source is not _JSON or api.shape is _OLLAMA:
        return _decide_unpeeked(admitted, body, gateway)
    peeked = peek(body)
    if isinstance(peeked, Answer):  # 8
        return peeked
    known = admitted.decided.get((gateway, peeked))
    if known is not None:
        return known
    found = _lead(admitted, wanted_by_peek(api, admitted.head, peeked), body, gateway)
    if isinstance(found, Forward) and isinstance(gateway.directory.nodes[peeked.model], Leaf):
        if len(admitted.decided) >= _DECIDED:
            admitted.decided.clear()
        admitted.decided[gateway, peeked] = found
    return found


def _decide_unpeeked(admitted: Admitted, body: Body, gateway: Gateway) -> Answer | Forward:
    head, key, api = admitted.head, admitted.key, admitted.api
    if api.source is _CONTROLS:
        target = head.target
        return Forward.of(api, head, key, Wanted("", target.path + target.slash + target.query), _CONTROL)
    if api.source is _OURS:
        return _show(admitted, body, gateway)
    asked = wanted(api, head, body, gateway.asker)
    return asked if isinstance(asked, Answer) else _lead(admitted, asked, body, gateway)  # 8


def _lead(admitted: Admitted, asked: Wanted, body: Body, gateway: Gateway) -> Answer | Forward:
    """Where a request goes that wants this."""
    head, key, api = admitted.head, admitted.key, admitted.api
    node = gateway.directory.nodes.get(asked.model)
    if node is None:  # 9
        return own.unknown_model(asked.model, gateway.directory, gateway.allowed(key))
    if not may_ask(key, asked.model, node):  # 10
        message = f"the key `{key.name}` must not ask for {echo(asked.model)}"
        return error(HTTPStatus.FORBIDDEN, message, "model_not_allowed", param="model")
    if api.source is _BY_PATH and (closed := _closed(asked, node, gateway)):  # 11
        return closed
    candidates = node.only if isinstance(node, Leaf) else node.candidates(_Asking(head, body, gateway.around))
    return Forward.of(api, head, key, asked, candidates)  # 12


def may_ask(key: Key, name: str, node: Node) -> bool:
    """A key may name a route, or every model that the route can lead to."""
    return key.models is None or key.allows(name) or all(map(key.allows, node.models))


def _closed(asked: Wanted, node: Node, gateway: Gateway) -> Answer | None:
    """The refusal of a path that one of the models would not bear to be asked."""
    path = asked.path.partition(b"?")[0]
    if all(gateway.traits_of(model).allows(path) for model in node.models):
        return None
    message = f"{echo(path.decode('latin-1'))} of {echo(asked.model)} is for remuda alone, which puts it to sleep"
    return error(HTTPStatus.FORBIDDEN, message, "path_not_allowed")


class _Asking:
    """What a route may ask about the request that it leads."""

    __slots__ = ("_around", "_body", "_head")

    def __init__(self, head: RequestHead, body: Body, around: Surroundings) -> None:
        self._head = head
        self._body = body
        self._around = around

    @property
    def chance(self) -> float:
        return self._around.chance()

    @property
    def live(self) -> Live:
        return self._around.live

    def affinity(self, by: str) -> int | None:
        if by == "prefix":
            return prefix_key(self._body)
        value = self._head.field(by.removeprefix("header:").lower().encode())
        return None if value is None else header_key(value)


def _show(admitted: Admitted, body: Body, gateway: Gateway) -> Answer:
    """Ollama's `/api/show`, the one answer of ours that needs a body."""
    name = ollama.shown_name(body)
    if isinstance(name, Fault):
        return tell(name)
    return own.show(name, gateway.directory, gateway.around.live, gateway.allowed(admitted.key))


def too_large(limit_bytes: int) -> Answer:
    """The answer to a body over the limit."""
    message = f"the body must not be larger than {limit_bytes} bytes"
    return error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, message, "body_too_large")


def _control_refused(head: RequestHead, key: Key, gateway: Gateway) -> Answer | None:
    if not key.scope.is_admin:
        message = f"the key `{key.name}` is not an administrator's; set `admin: true` on one that is"
        return error(HTTPStatus.FORBIDDEN, message, "not_an_administrator")
    if not gateway.keyring.keys and is_foreign(head):
        message = "this gateway has no keys, so its control API is only for requests that were made for its own address"
        return error(HTTPStatus.FORBIDDEN, message, "foreign_origin")
    return None


def _body_refused(head: RequestHead, api: Api, limit_bytes: int) -> Answer | None:
    if head.length is not None and head.length > limit_bytes:
        return too_large(limit_bytes)
    coding = head.noted.get(b"content-encoding")
    if coding is not None and coding.lower() != b"identity" and api.source in (Source.JSON, Source.FORM):
        message = f"the content encoding {echo(coding.decode('latin-1'))} is not supported, send the body as it is"
        return error(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, message, "content_encoding")
    return None


def _method_not_allowed(path: bytes, methods: tuple[bytes, ...]) -> Answer:
    allowed = b", ".join(methods)
    message = f"`{path.decode('latin-1')}` must be asked with {allowed.decode()}"
    status = HTTPStatus.METHOD_NOT_ALLOWED
    return tell(Fault(status, message, "method_not_allowed", headers=((b"allow", allowed),)))


def _unauthorized(secret: bytes | None) -> Answer:
    message = (
        "an API key is needed: send it as `Authorization: Bearer …` or `x-api-key`"
        if secret is None
        else "the API key is not known"
    )
    challenge = (b"www-authenticate", b'Bearer, Basic realm="remuda"')
    return tell(Fault(HTTPStatus.UNAUTHORIZED, message, "invalid_api_key", headers=(challenge,)))
