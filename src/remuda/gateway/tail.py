"""The last bytes of a body, kept while it passes: all that accounting needs, however long the body is."""

from __future__ import annotations

KEEP_BYTES = 4096
_COLLECT_BYTES = 4 * KEEP_BYTES


class Tail:
    """Collects pieces, and cuts them to the last `KEEP_BYTES` only now and then: one cut for many small pieces.

    `passed_bytes`: how much has passed in all.
    """

    __slots__ = ("_cut_at", "_pieces", "passed_bytes")

    def __init__(self) -> None:
        self.passed_bytes = 0
        self._pieces: list[bytes] = []
        self._cut_at = _COLLECT_BYTES

    def add(self, piece: bytes) -> None:
        """Go on with the body."""
        self._pieces.append(piece)
        self.passed_bytes += len(piece)
        if self.passed_bytes > self._cut_at:
            self._pieces = [self.last()]
            self._cut_at = self.passed_bytes + _COLLECT_BYTES - KEEP_BYTES

    def last(self) -> bytes:
        """The last bytes so far."""
        pieces = self._pieces
        if len(pieces) == 1:
            return pieces[0][-KEEP_BYTES:]
        return b"".join(pieces)[-KEEP_BYTES:]
