"""One chunk of a body, in one read: what an engine sends for each token of a stream.

To have llhttp read it and to frame it anew costs more than all else that is done to it. So a read that is exactly one
chunk is seen at a glance, and passed on in the frame that it came in, since ours would be the same, byte for byte. A
frame that is written in any other way (upper case, zeros in front, an extension), or that is not alone in its read, is
not seen here; llhttp reads it, and it is framed anew.
"""

from __future__ import annotations

from bisect import bisect_left

_END = b"\r\n"
_END_BYTES = len(_END)
# How long a body and its size may be together for the size to have one digit, two, three.
_LONGEST = tuple(16**digits - 1 + digits for digits in (1, 2, 3))


def payload(data: bytes) -> bytes | None:
    """What is in the chunk that `data` is; None if it is not exactly one that is not the last."""
    end = len(data) - _END_BYTES
    body_at = 1 + bisect_left(_LONGEST, end - _END_BYTES) + _END_BYTES
    if body_at >= end or data[:body_at] != b"%x\r\n" % (end - body_at) or not data.endswith(_END):
        return None
    return data[body_at:end]
