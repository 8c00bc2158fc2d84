"""The last bytes of a body, kept while it passes: all that accounting needs, however long the body is."""

from __future__ import annotations

KEEP_BYTES = 4096
_COLLECT_BYTES = 4 * KEEP_BYTES


class Tail:
    """Collects pieces, and cuts them to the last `KEEP_BYTES` only now and then: one cut for many small pieces."""

    __slots__ = ("_collected_bytes", "_pieces")

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._collected_bytes = 0

    def add(self, piece: bytes) -> None:
        """Go on with the body."""
        self._pieces.append(piece)
        self._collected_bytes += len(piece)
        if self._collected_bytes > _COLLECT_BYTES:
            self._pieces = [self.last()]
            self._collected_bytes = KEEP_BYTES

    def last(self) -> bytes:
        """The last bytes so far."""
        pieces = self._pieces
        if len(pieces) == 1:
            return pieces[0][-KEEP_BYTES:]
        return b"".join(pieces)[-KEEP_BYTES:]
