"""Request heads: judged as they come in, and built anew as they go out.

Nothing of a head is ever copied through. The request line, the framing and the fields that speak about one connection
are consumed here and written again from what was understood; so the engine cannot understand them differently, which
is what request smuggling needs. The other fields pass one by one.

llhttp already refuses most malformed heads. The rules below hold without it, and are stricter where it is lenient.

What is made for every request here and in the neighbouring modules is a msgspec struct, because a frozen dataclass
costs five times as much to make.
"""

from __future__ import annotations

import binascii
from collections.abc import Mapping, Sequence
from http import HTTPStatus

import msgspec

from remuda.gateway.envelope import Answer, error, malformed
from remuda.gateway.target import Target, read_target

Fields = Sequence[tuple[bytes, bytes]]
"""Header fields as they came: name, value."""

HOP_BY_HOP = frozenset(
    (
        b"connection",
        b"http2-settings",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    )
)
"""Fields about one connection; those that `Connection` names join them."""

_CREDENTIALS = frozenset((b"api-key", b"authorization", b"x-api-key"))
_CONSUMED = (
    HOP_BY_HOP
    | _CREDENTIALS
    | {b"content-length", b"content-type", b"expect", b"host", b"x-forwarded-for", b"x-forwarded-proto"}
)
_NOTED = frozenset((b"content-encoding", b"origin"))
_ONCE = frozenset(
    (
        b"host",
        b"content-length",
        b"content-type",
        b"transfer-encoding",
        b"expect",
        b"authorization",
        b"x-api-key",
        b"upgrade",
    )
)
_LENGTH_DIGITS = 18  # fit in 64 bits
_BODILESS = frozenset((b"GET", b"HEAD", b"OPTIONS", b"DELETE"))


class RequestHead(msgspec.Struct, frozen=True):
    """A request head that has been understood.

    `length`: bytes of the body, None when the head does not tell. `fields`: what may go to an engine, names in lower
    case; `lines`: the same as bytes, each line with its end before it. `noted`: the values of the fields that a
    decision depends on; the client's credential is only there. `upgrade`: the protocol that the client would rather
    speak.
    """

    method: bytes
    target: Target
    version: str
    fields: Fields
    lines: bytes
    noted: dict[bytes, bytes]
    length: int | None
    keep_alive: bool
    upgrade: bytes | None = None

    @property
    def has_body(self) -> bool:
        """Whether anything follows the head."""
        return self.length != 0

    @property
    def expects_continue(self) -> bool:
        """Whether the client waits for `100 Continue` before it sends the body."""
        return b"expect" in self.noted and self.version == "1.1"

    @property
    def content_type(self) -> bytes | None:
        """What the client calls its body."""
        return self.noted.get(b"content-type")

    @property
    def secret(self) -> bytes | None:
        """The API key that the client sent: a bearer token, a Basic password, or `x-api-key`."""
        scheme, _, credentials = self.noted.get(b"authorization", b"").partition(b" ")
        match scheme.lower():
            case b"bearer":
                return credentials.strip()
            case b"basic":
                return _password(credentials)
            case _:
                return self.noted.get(b"x-api-key")

    def field(self, name: bytes) -> bytes | None:
        """The first field of this name, among those that may go to an engine."""
        return next((value for known, value in self.fields if known == name), None)


class Hop(msgspec.Struct, frozen=True):
    """Where a request comes from and goes to: the client's address and scheme, the engine's `Host` and base path."""

    client: str
    host: bytes
    base_path: bytes = b""
    scheme: bytes = b"http"


def read_head(method: bytes, target: bytes, version: str, fields: Fields) -> RequestHead | Answer:
    """Understand a head, or say what is wrong with it; then the connection must be closed."""
    passing: list[tuple[bytes, bytes]] = []
    noted: dict[bytes, bytes] = {}
    for name, value in fields:
        folded = name.lower()
        if folded not in _CONSUMED:
            passing.append((folded, value))
            if folded not in _NOTED:
                continue
        if folded not in noted:
            noted[folded] = value
        elif folded in _ONCE:
            return malformed(f"the field `{folded.decode()}` must not come twice")
        else:
            noted[folded] += b", " + value
    if fault := _fault(version, noted):
        return fault
    length = _body_length(version, noted)
    if isinstance(length, Answer):
        return length
    where = read_target(target)
    if where is None:
        return malformed("the request target must be a path, or an absolute http URL")
    keep_alive, upgrade = version == "1.1", None
    if b"connection" in noted:
        connection = tokens(noted[b"connection"])
        passing = [field for field in passing if field[0] not in connection]
        keep_alive = b"close" not in connection and (keep_alive or b"keep-alive" in connection)
        upgrade = noted.get(b"upgrade") if b"upgrade" in connection and version == "1.1" else None
    return RequestHead(method, where, version, passing, _lines(passing), noted, length, keep_alive, upgrade)


def _fault(version: str, noted: dict[bytes, bytes]) -> Answer | None:
    if version not in ("1.1", "1.0"):
        message = f"HTTP version {version} is not supported, expected 1.1"
        return error(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, message, "http_version")
    if version == "1.1" and b"host" not in noted:
        return malformed("the field `host` is missing")
    if b"expect" in noted and noted[b"expect"].lower() != b"100-continue":
        return error(HTTPStatus.EXPECTATION_FAILED, "only `100-continue` can be expected", "expectation")
    return None


def _body_length(version: str, noted: dict[bytes, bytes]) -> int | Answer | None:
    coding, length = noted.get(b"transfer-encoding"), noted.get(b"content-length")
    if coding is not None:
        if version != "1.1" or length is not None:
            return malformed("`transfer-encoding` needs HTTP 1.1 and excludes `content-length`")
        if coding.strip(b" \t").lower() != b"chunked":
            return malformed("the only transfer coding that is supported is `chunked`")
        return None
    if length is None:
        return 0
    bytes_to_come = content_length(length)
    return malformed("`content-length` must be a number") if bytes_to_come is None else bytes_to_come


def content_length(value: bytes) -> int | None:
    """The number in a `Content-Length`; None when it is not exactly one number."""
    digits = value.strip(b" \t")
    # bytes.isdigit knows ASCII digits only: no sign, no separator, no other script.
    return int(digits) if digits.isdigit() and len(digits) <= _LENGTH_DIGITS else None


def tokens(value: bytes) -> frozenset[bytes]:
    """The elements of a comma-separated list, in lower case."""
    return frozenset(token.strip().lower() for token in value.split(b",")) if value else frozenset()


def _lines(fields: Fields) -> bytes:
    parts: list[bytes] = []
    for name, value in fields:
        parts += (b"\r\n", name, b": ", value)
    return b"".join(parts)


def _password(credentials: bytes) -> bytes | None:
    try:
        return binascii.a2b_base64(credentials.strip(), strict_mode=True).partition(b":")[2]
    except binascii.Error:
        return None


class Outbound(msgspec.Struct, frozen=True):
    """What is said anew about a request on its way to an engine.

    `target`: path and query. `content_type`: None leaves the client's. `extra`: fields that win over the client's of
    the same name. `upgrade`: the protocol to ask for.
    """

    target: bytes
    content_type: bytes | None = None
    extra: Mapping[bytes, bytes] = {}
    upgrade: bytes | None = None


def request_bytes(head: RequestHead, hop: Hop, outbound: Outbound, length: int) -> bytes:
    """The head to send to an engine, before a body of this length."""
    begun = begun_bytes(head, hop, outbound)
    return sized(begun, length) if length or head.method not in _BODILESS else begun + b"\r\n\r\n"


def sized(begun: bytes, length: int) -> bytes:
    """A head that begins so, whole, over a body of this length."""
    return begun + b"\r\ncontent-length: %d\r\n\r\n" % length


def begun_bytes(head: RequestHead, hop: Hop, outbound: Outbound) -> bytes:
    """How the head begins: all but the body's length, which differs where nothing else does."""
    lines, noted = head.lines, head.noted
    if outbound.extra:
        lines = _lines([field for field in head.fields if field[0] not in outbound.extra])
    before, client = noted.get(b"x-forwarded-for"), hop.client.encode()
    parts = [
        *(head.method, b" ", hop.base_path, outbound.target, b" HTTP/1.1\r\nhost: ", hop.host, lines),
        *(b"\r\nx-forwarded-for: ", before + b", " + client if before else client),
        *(b"\r\nx-forwarded-proto: ", noted.get(b"x-forwarded-proto") or hop.scheme),
    ]
    if content_type := outbound.content_type or noted.get(b"content-type"):
        parts += (b"\r\ncontent-type: ", content_type)
    parts.append(_lines(tuple(outbound.extra.items())))
    if outbound.upgrade is not None:
        parts += (b"\r\nconnection: Upgrade\r\nupgrade: ", outbound.upgrade)
    return b"".join(parts)
