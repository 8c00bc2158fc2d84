"""Request heads: judged as they come in, and built anew as they go out.

Nothing of a head is ever copied through. The request line, the framing and the fields that speak about one connection
are consumed here and written again from what was understood; so the engine cannot understand them differently, which
is what request smuggling needs. The other fields pass one by one.

llhttp already refuses most malformed heads. The rules below hold without it, and are stricter where it is lenient.

What is made for every request here and in the neighbouring modules is a msgspec struct, because a frozen dataclass
costs five times as much to make.
"""

from __future__ import annotations

from collections.abc import Sequence
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

_CONSUMED = HOP_BY_HOP | {
    b"content-length",
    b"content-type",
    b"expect",
    b"host",
    b"x-forwarded-for",
    b"x-forwarded-proto",
}
_NOTED = frozenset((b"authorization", b"content-encoding", b"x-api-key"))
_ONCE = (b"host", b"content-length", b"transfer-encoding", b"expect", b"authorization", b"x-api-key")
_BEARER = b"bearer "
_LENGTH_DIGITS = 18  # fit in 64 bits


class RequestHead(msgspec.Struct, frozen=True):
    """A request head that has been understood.

    `length`: bytes of the body, None when it is chunked. `fields`: what may go to an engine, names in lower case.
    `noted`: the values of the fields that a decision depends on.
    """

    method: bytes
    target: Target
    version: str
    fields: Fields
    noted: dict[bytes, bytes]
    length: int | None
    keep_alive: bool

    @property
    def has_body(self) -> bool:
        """Whether anything follows the head."""
        return self.length != 0

    @property
    def expects_continue(self) -> bool:
        """Whether the client waits for `100 Continue` before it sends the body."""
        return b"expect" in self.noted and self.version == "1.1"

    @property
    def secret(self) -> bytes | None:
        """The API key that the client sent: a bearer token, else `x-api-key`."""
        authorization = self.noted.get(b"authorization", b"")
        if authorization[: len(_BEARER)].lower() == _BEARER:
            return authorization[len(_BEARER) :].strip()
        return self.noted.get(b"x-api-key")


class Hop(msgspec.Struct, frozen=True):
    """Where a request comes from and goes to: the client's address, and the `Host` and base path of the engine."""

    client: bytes
    host: bytes
    base_path: bytes = b""


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
    keep_alive = version == "1.1"
    if b"connection" in noted:
        connection = tokens(noted[b"connection"])
        passing = [field for field in passing if field[0] not in connection]
        keep_alive = b"close" not in connection and (keep_alive or b"keep-alive" in connection)
    return RequestHead(method, where, version, passing, noted, length, keep_alive)


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


def request_bytes(head: RequestHead, hop: Hop, length: int, *, with_credentials: bool) -> bytes:
    """The head to send to an engine with a body of this length; `with_credentials` lets the client's own through."""
    target = head.target
    parts = [head.method, b" ", hop.base_path, target.path, target.query, b" HTTP/1.1\r\nhost: ", hop.host]
    for name, value in head.fields:
        if with_credentials or (name != b"authorization" and name != b"x-api-key"):  # noqa: PLR1714  faster
            parts += (b"\r\n", name, b": ", value)
    before = head.noted.get(b"x-forwarded-for")
    parts += (b"\r\nx-forwarded-for: ", before + b", " + hop.client if before else hop.client)
    parts += (b"\r\nx-forwarded-proto: ", head.noted.get(b"x-forwarded-proto", b"http"))
    # The body has been read as JSON, whatever the client called it: vLLM refuses what curl calls it by default.
    parts.append(b"\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % length)
    return b"".join(parts)
