"""What to do with a request, in two steps: by its head alone, and then with its body.

`screen` sees the head. It gives the answer where that already settles it, so that nobody uploads a body for a 404:
1. the path is known, else 404; 2. the method is one of the path's, else 405; 3. `/health` is answered to anybody;
4. there are keys and none fits: 401; 5. the list of models is answered; 6. the body is too large or encoded: 413, 415.
`decide` sees the body: 7. it is a JSON object with a `model`, else 400; 8. the model is known, else 404 with the name
nearest to it; 9. the key may ask for it, else 403; 10. forward. The numbers are repeated below.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType

import msgspec

from remuda.gateway.directory import Directory, Lead
from remuda.gateway.envelope import Answer, echo, error, json_answer
from remuda.gateway.head import Hop, RequestHead, request_bytes
from remuda.gateway.keys import NO_KEYS, Key, Keyring
from remuda.gateway.peek import peek, rewrite_model

BODY_MAX_BYTES = 100 * 1024 * 1024

_READ = (b"GET", b"HEAD")
_METHODS: Mapping[bytes, tuple[bytes, ...]] = MappingProxyType(
    {
        b"/health": _READ,
        b"/v1/models": _READ,
        b"/v1/chat/completions": (b"POST",),
        b"/v1/completions": (b"POST",),
        b"/v1/embeddings": (b"POST",),
    }
)


@dataclass(frozen=True, slots=True)
class Gateway:
    """Everything that decisions depend on: a snapshot, replaced as a whole when the fleet or its keys change."""

    directory: Directory
    keyring: Keyring = NO_KEYS
    body_max_bytes: int = BODY_MAX_BYTES


class Admitted(msgspec.Struct, frozen=True):
    """A request whose body is wanted."""

    head: RequestHead
    key: Key


class Forward(msgspec.Struct, frozen=True):
    """A request to send to an instance of `model`, for which the client wrote `asked`."""

    model: str
    asked: str
    head: RequestHead
    body: bytes | bytearray
    with_credentials: bool

    def payload(self, served_name: str | None) -> bytes | bytearray:
        """The body for an instance that expects this model name; None: any will do."""
        if served_name is None or served_name == self.asked:
            return self.body
        return rewrite_model(self.body, served_name)

    def head_bytes(self, hop: Hop, length: int) -> bytes:
        """The head to send before a payload of this length."""
        return request_bytes(self.head, hop, length, with_credentials=self.with_credentials)


def screen(head: RequestHead, gateway: Gateway) -> Answer | Admitted:
    """Judge a request by its head."""
    path = head.target.path
    methods = _METHODS.get(path)
    if methods is None:  # 1
        return error(HTTPStatus.NOT_FOUND, f"there is nothing at {echo(path.decode('latin-1'))}", "unknown_path")
    if head.method not in methods:  # 2
        return _method_not_allowed(path, methods)
    if path == b"/health":  # 3
        return json_answer({"status": "ok"})
    key = gateway.keyring.find(head.secret)
    if key is None:  # 4
        return _unauthorized(head.secret)
    if path == b"/v1/models":  # 5
        return json_answer(gateway.directory.listing(lambda name: _may_ask(key, name, gateway.directory.leads[name])))
    return _body_refused(head, gateway.body_max_bytes) or Admitted(head, key)  # 6


def decide(admitted: Admitted, body: bytes | bytearray, gateway: Gateway, chance: float) -> Answer | Forward:
    """Judge a request by its body; `chance`, 0 ≤ `chance` < 1, decides where shares do."""
    found = peek(body)
    if isinstance(found, Answer):  # 7
        return found
    key = admitted.key
    lead = gateway.directory.find(found.model)
    if lead is None:  # 8
        return _unknown_model(found.model, key, gateway.directory)
    if not _may_ask(key, found.model, lead):  # 9
        message = f"the key `{key.name}` must not ask for {echo(found.model)}"
        return error(HTTPStatus.FORBIDDEN, message, "model_not_allowed", param="model")
    return Forward(  # 10
        model=lead.choose(chance),
        asked=found.model,
        head=admitted.head,
        body=body,
        with_credentials=not gateway.keyring.keys,
    )


def too_large(limit_bytes: int) -> Answer:
    """The answer to a body over the limit."""
    message = f"the body must not be larger than {limit_bytes} bytes"
    return error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, message, "body_too_large")


def _may_ask(key: Key, name: str, lead: Lead) -> bool:
    """A key may name a route, or every model that the route can lead to."""
    return key.allows(name) or all(map(key.allows, lead.models))


def _body_refused(head: RequestHead, limit_bytes: int) -> Answer | None:
    if head.length is not None and head.length > limit_bytes:
        return too_large(limit_bytes)
    coding = head.noted.get(b"content-encoding")
    if coding is not None and coding.lower() != b"identity":
        message = f"the content encoding {echo(coding.decode('latin-1'))} is not supported, send the JSON as it is"
        return error(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, message, "content_encoding")
    return None


def _method_not_allowed(path: bytes, methods: tuple[bytes, ...]) -> Answer:
    allowed = b", ".join(methods)
    message = f"`{path.decode()}` must be asked with {allowed.decode()}"
    refusal = error(HTTPStatus.METHOD_NOT_ALLOWED, message, "method_not_allowed")
    return Answer(refusal.status, refusal.body, ((b"allow", allowed),))


def _unauthorized(secret: bytes | None) -> Answer:
    message = (
        "an API key is needed: send it as `Authorization: Bearer …` or `x-api-key`"
        if secret is None
        else "the API key is not known"
    )
    refusal = error(HTTPStatus.UNAUTHORIZED, message, "invalid_api_key")
    return Answer(refusal.status, refusal.body, ((b"www-authenticate", b"Bearer"),))


def _unknown_model(name: str, key: Key, directory: Directory) -> Answer:
    meant = directory.nearest(name, lambda known: _may_ask(key, known, directory.leads[known]))
    hint = f"did you mean `{meant}`?" if meant else "`GET /v1/models` lists what there is"
    message = f"the model {echo(name)} is not known; {hint}"
    return error(HTTPStatus.NOT_FOUND, message, "model_not_found", param="model")
