"""The end of a body, kept while it passes: all that accounting needs, however long the body is.

The last pieces are kept as they came, and few of them: so the memory of a piece is free again for the next ones while
it is still in the processor's cache. What engines tell at the end of a stream is in its last two or three events.
"""

from __future__ import annotations

from collections import deque

KEEP_BYTES = 4096
_PIECES = 6


class Tail:
    """The last pieces."""

    __slots__ = ("_pieces",)

    def __init__(self) -> None:
        self._pieces: deque[bytes] = deque(maxlen=_PIECES)

    def add(self, piece: bytes) -> None:
        """Go on with the body."""
        self._pieces.append(piece[-KEEP_BYTES:])

    def last(self) -> bytes:
        """The end so far: at most `KEEP_BYTES` of it, and less if it came in small pieces."""
        return b"".join(self._pieces)[-KEEP_BYTES:]
