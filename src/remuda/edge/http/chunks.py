"""One chunk of a body, in one read: what an engine sends for each token of a stream.

To have llhttp read it and to frame it anew costs more than all else that is done to it. So a read that is exactly one
chunk is seen at a glance, and passed on in the frame that it came in, since ours would be the same, byte for byte. A
frame that is written in any other way (upper case, zeros in front, an extension), that is not alone in its read, or
that is long, is not seen here; llhttp reads it, and it is framed anew.

All that is done for such a chunk is done in one place, for the same reason: between two of them the processor has been
elsewhere, and each object and each call on the way has to be fetched from memory again.
"""

from __future__ import annotations

from remuda.edge.http.outbox import Outbox, Write
from remuda.gateway.tail import Tail

_END = b"\r\n"
_END_BYTES = len(_END)
_EVENT_END = b"\n\n"
_BODY_MAX_BYTES = 16**3 - 1


def _openings() -> tuple[bytes, ...]:
    """How a chunk begins, by its length; where there is none of that length, what is longer than it."""
    lines = [b"%x\r\n" % size for size in range(1, _BODY_MAX_BYTES + 1)]
    by_length = {len(line) + size + _END_BYTES: line for size, line in enumerate(lines, 1)}
    return tuple(by_length.get(length, bytes(length + 1)) for length in range(max(by_length) + 1))


_OPENINGS = _openings()
_LENGTHS = len(_OPENINGS)


class ChunkRelay:
    """The way of chunks from an engine's connection to a client's, which `write` sends to.

    `bytes_out`, `events` and `tail`: how much was in those that have passed, how many events ended in one of them, and
    the last of them, in their frames.
    """

    __slots__ = ("_outbox", "_write", "bytes_out", "events", "tail")

    def __init__(self, outbox: Outbox, write: Write) -> None:
        self._outbox = outbox
        self._write = write
        self.bytes_out = self.events = 0
        self.tail = Tail()

    def clear(self) -> None:
        """Count from the beginning."""
        self.bytes_out = self.events = 0
        self.tail.clear()

    def pass_on(self, data: bytes) -> bool:
        """Send this to the client, if it is exactly one chunk that is not the last."""
        length = len(data)
        if length >= _LENGTHS:
            return False
        opening = _OPENINGS[length]
        if not data.startswith(opening) or not data.endswith(_END):
            return False
        body_at = len(opening)
        self.bytes_out += length - body_at - _END_BYTES
        self.events += data.count(_EVENT_END, body_at)
        self.tail.append(data)
        self._outbox.add(self._write, data)
        return True

    def bodies(self) -> list[bytes]:
        """What was in the last chunks."""
        return [frame[len(_OPENINGS[len(frame)]) : -_END_BYTES] for frame in self.tail]
