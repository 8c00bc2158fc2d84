"""Heads that have been understood before, so that they need not be understood again.

To parse and judge a head costs more than everything else that the gateway does for a small request, and a program sends
the same head over and over but for one number, its `Content-Length`. So what a head came to is kept under its bytes
with that number cut out.

Nothing is understood here. What is kept has been accepted by llhttp and by `remuda.gateway`, in this very spelling and
as a message that was framed by this one number; that another number changes nothing but the length of the body is what
HTTP says of it. Whatever deviates by a byte, is framed in another way or came in pieces is not found, and goes the long
way. The bytes are compared whole, so credentials are in memory for as long as their head is kept.

The latest head of all is tried first: whether it is the same again takes one comparison.
"""

from __future__ import annotations

import math
from typing import Generic, TypeVar

T = TypeVar("T")

_END = b"\r\n\r\n"
# Two spellings are worth a look; they are equally long.
_LOWER = b"\r\ncontent-length: "
_TITLE = b"\r\nContent-Length: "
_HEAD_BYTES = 8 * 1024
_ENTRIES = 512


class Memo(Generic[T]):
    """What heads came to, until that is not so any more: `forget`. `body_bytes`: the longest body to recall with."""

    __slots__ = ("_after", "_before", "_head_bytes", "_known", "_latest", "body_bytes")

    def __init__(self, body_bytes: float = math.inf) -> None:
        self.body_bytes = body_bytes
        self._known: dict[bytes, tuple[int, T]] = {}
        self._latest: T
        self._before = self._after = b""
        self._head_bytes = 0

    def recall(self, data: bytes) -> tuple[T, int] | None:
        """What the head came to if `data` is one whole message, and where its body begins."""
        at = self._head_bytes
        length = len(data) - at
        # The latest head again frames what follows if, and only if, this is its number.
        if data[:at] == b"%b%d%b" % (self._before, length, self._after) and length <= self.body_bytes:
            return self._latest, at
        return self._look_up(data)

    def _look_up(self, data: bytes) -> tuple[T, int] | None:
        end = data.find(_END, 0, _HEAD_BYTES)
        at = _number_at(data, end)
        if at < 0:
            return None
        stop = data.find(b"\r", at)
        found = self._known.get(data[:at] + data[stop:end])
        if found is None or found[0] != at:
            return None
        body_at = end + len(_END)
        length = len(data) - body_at
        if data[at:stop] != b"%d" % length or length > self.body_bytes:
            return None
        self._latest = found[1]
        self._before, self._after, self._head_bytes = data[:at], data[stop:body_at], body_at
        return found[1], body_at

    def forget(self) -> None:
        """Heads come to something else from now on."""
        self._known.clear()
        self._before = self._after = b""
        self._head_bytes = 0

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
        if len(self._known) >= _ENTRIES:
            self._known.clear()
        self._known[data[:at] + data[stop:end]] = (at, value)


def _number_at(data: bytes, end: int) -> int:
    """Where the `Content-Length` of a head that ends at `end` stands; negative when it has none or does not end."""
    if end < 0:
        return -1
    at = data.find(_LOWER, 0, end)
    if at < 0:
        at = data.find(_TITLE, 0, end)
    return at + len(_LOWER) if at >= 0 else -1
