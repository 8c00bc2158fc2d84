"""Heads that have been understood before, so that they need not be understood again.

To parse and judge a head costs more than everything else that the gateway does for a small request, and a program sends
the same head over and over but for one number, its `Content-Length`. So what a head came to is kept under its bytes
with that number cut out.

Nothing is understood here. What is kept has been accepted by llhttp and by `remuda.gateway`, in this very spelling and
as a message that was framed by this one number; that another number changes nothing but the length of the body is what
HTTP says of it. Whatever deviates by a byte, is framed in another way or came in pieces is not found, and goes the long
way. The bytes are compared whole, so credentials are in memory for as long as their head is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

_END = b"\r\n\r\n"
# Two spellings are worth a look; they are equally long.
_LOWER = b"\r\ncontent-length: "
_TITLE = b"\r\nContent-Length: "
_HEAD_BYTES = 8 * 1024
_DIGITS = 9
_ENTRIES = 512


class Memo(Generic[T]):
    """What heads came to, for as long as `rules` gives the same object."""

    __slots__ = ("_known", "_of", "_rules")

    def __init__(self, rules: Callable[[], object] = lambda: None) -> None:
        self._rules = rules
        self._of = rules()
        self._known: dict[bytes, tuple[int, T]] = {}

    def recall(self, data: bytes) -> tuple[T, int, int] | None:
        """What the head at the beginning of `data` came to, the length of its body, and where that begins."""
        end = data.find(_END, 0, _HEAD_BYTES)
        at = _number_at(data, end)
        if at < 0 or self._is_outdated():
            return None
        stop = data.find(b"\r", at)
        found = self._known.get(data[:at] + data[stop:end])
        if found is None or found[0] != at:
            return None
        digits = data[at:stop]
        return (found[1], int(digits), end + len(_END)) if digits.isdigit() and len(digits) <= _DIGITS else None

    def keep(self, data: bytes, body: bytes | bytearray, value: T) -> None:
        """Keep what the head came to if `data` is exactly one message, whose number frames this body."""
        end = data.find(_END, 0, _HEAD_BYTES)
        at = _number_at(data, end)
        # A body that is not empty shows that the number counts: there are responses whose number means nothing.
        if at < 0 or not body or data[end + len(_END) :] != body:
            return
        stop = data.find(b"\r", at)
        if data[at:stop] != b"%d" % len(body):
            return
        if len(self._known) >= _ENTRIES or self._is_outdated():
            self._known.clear()
        self._known[data[:at] + data[stop:end]] = (at, value)

    def _is_outdated(self) -> bool:
        """Whether the rules have changed; then everything is forgotten."""
        rules = self._rules()
        if rules is self._of:
            return False
        self._of = rules
        self._known.clear()
        return True


def _number_at(data: bytes, end: int) -> int:
    """Where the `Content-Length` of a head that ends at `end` stands; negative when it has none or does not end."""
    if end < 0:
        return -1
    at = data.find(_LOWER, 0, end)
    if at < 0:
        at = data.find(_TITLE, 0, end)
    return at + len(_LOWER) if at >= 0 else -1
