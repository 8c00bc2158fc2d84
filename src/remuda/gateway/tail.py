"""The end of a body, kept while it passes: all that accounting needs, however long the body is.

The last pieces are kept as they came, and few of them: so the memory of a piece is free again for the next ones while
it is still in the processor's cache. What engines tell at the end of a stream is in its last two or three events.
"""

from __future__ import annotations

from collections import deque

KEEP_BYTES = 4096
_PIECES = 6


class Tail(deque[bytes]):
    """The last pieces: append `KEEP_BYTES` of each, its last ones."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(maxlen=_PIECES)

    def last(self) -> bytes:
        """The end so far: at most `KEEP_BYTES` of it, and less if it came in small pieces."""
        return b"".join(self)[-KEEP_BYTES:]
