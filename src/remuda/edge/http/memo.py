"""Heads that have been understood before, so that they need not be understood again.

To parse and judge a head costs more than everything else that the gateway does for a small request, and a program sends
the same head over and over but for one number, its `Content-Length`. So what a head came to is kept under its bytes
with that number cut out.

Nothing is understood here. What is kept has been accepted by llhttp and by `remuda.gateway`, in this very spelling and
as a message that was framed by this one number; that another number changes nothing but the length of the body is what
HTTP says of it. Whatever deviates by a byte, is framed in another way or came in pieces is not found, and goes the long
way. The bytes are compared whole, so credentials are in memory for as long as their head is kept.

The latest head of all is tried first, with its number and all: to compare it costs nothing.
"""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")

_END = b"\r\n\r\n"
# Two spellings are worth a look; they are equally long.
_LOWER = b"\r\ncontent-length: "
_TITLE = b"\r\nContent-Length: "
_HEAD_BYTES = 8 * 1024
_DIGITS = 9
_ENTRIES = 512
_NONE = _END  # no message begins with the end of a head


class Memo(Generic[T]):
    """What heads came to, until that is not so any more: `forget`."""

    __slots__ = ("_known", "_latest", "_latest_head")

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[int, T]] = {}
        self._latest_head = _NONE
        self._latest: tuple[T, int, int] | None = None

    def recall(self, data: bytes) -> tuple[T, int, int] | None:
        """What the head at the beginning of `data` came to, the length of its body, and where that begins."""
        if data.startswith(self._latest_head):
            return self._latest
        end = data.find(_END, 0, _HEAD_BYTES)
        at = _number_at(data, end)
        if at < 0:
            return None
        stop = data.find(b"\r", at)
        found = self._known.get(data[:at] + data[stop:end])
        if found is None or found[0] != at:
            return None
        digits = data[at:stop]
        if not digits.isdigit() or len(digits) > _DIGITS:
            return None
        body_at = end + len(_END)
        self._latest_head = data[:body_at]
        self._latest = recalled = (found[1], int(digits), body_at)
        return recalled

    def forget(self) -> None:
        """Heads come to something else from now on."""
        self._known.clear()
        self._latest_head, self._latest = _NONE, None

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
