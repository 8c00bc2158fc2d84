"""The request target, in one form whatever form it came in (RFC 9112 §3.2, RFC 3986 §6.2.2).

Two targets are the same exactly when HTTP says so: `%63` is `c`, but `%2F` is no separator. A path is compared whole;
dot segments and doubled slashes are not resolved, so they match nothing and never reach an engine.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

import msgspec

_PERCENT = re.compile(rb"%([0-9A-Fa-f]{2})?")
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_PARAMETERS = 100
_ABSOLUTE = re.compile(rb"(?i)https?://[^/?#]+(.*)", re.DOTALL)


class Target(msgspec.Struct, frozen=True):
    """A path, normalised, without its last slash, which is in `slash`; the query with its `?`, as it came, or empty."""

    path: bytes
    query: bytes = b""
    slash: bytes = b""

    def parameter(self, name: bytes) -> str | None:
        """The value of a query parameter; None when it is not there exactly once."""
        try:
            pairs = parse_qsl(self.query[1:], keep_blank_values=True, max_num_fields=_PARAMETERS)
        except ValueError:
            return None
        found = [value for key, value in pairs if key == name]
        return found[0].decode("utf-8", "replace") if len(found) == 1 else None


def read_target(raw: bytes) -> Target | None:
    """Read an origin-form or absolute-form target; None for any other."""
    if not raw.startswith(b"/"):
        absolute = _ABSOLUTE.fullmatch(raw)
        if absolute is None:
            return None
        rest = absolute[1]
        raw = rest if rest.startswith(b"/") else b"/" + rest
    if b"#" in raw:
        return None
    path, mark, query = raw.partition(b"?")
    if b"%" in path:
        if any(found[1] is None for found in _PERCENT.finditer(path)):
            return None
        path = _PERCENT.sub(_normalised, path)
    slash = b"/" if len(path) > 1 and path.endswith(b"/") else b""
    return Target(path[:-1] if slash else path, mark + query, slash)


def _normalised(found: re.Match[bytes]) -> bytes:
    octet = int(found[1], 16)
    return bytes((octet,)) if octet in _UNRESERVED else found[0].upper()
