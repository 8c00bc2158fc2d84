"""One chunk of a body, in one read: what an engine sends for each token of a stream.

To have llhttp read it and to frame it anew costs more than all else that is done to it. So a read that is exactly one
chunk is seen at a glance, and passed on in the frame that it came in, since ours would be the same, byte for byte. A
frame that is written in any other way (upper case, zeros in front, an extension), or that is not alone in its read, is
not seen here; llhttp reads it, and it is framed anew.
"""

from __future__ import annotations

_END = b"\r\n"
_CR = _END[0]
_FRAME_BYTES = len(_END) * 2
# How long a body and its size may be together for the size to have one digit, two, three.
_LONGEST = tuple(16**digits - 1 + digits for digits in (1, 2, 3))


def payload(data: bytes) -> bytes | None:
    """What is in the chunk that `data` is; None if it is not exactly one that is not the last."""
    size_and_body = len(data) - _FRAME_BYTES
    digits = 1 + (size_and_body > _LONGEST[0]) + (size_and_body > _LONGEST[1]) + (size_and_body > _LONGEST[2])
    length = size_and_body - digits
    if length <= 0 or not data.startswith(b"%x\r\n" % length) or not data.endswith(_END):
        return None
    found = data[digits + len(_END) : -len(_END)]
    return found if len(found) == length and data[digits] == _CR else None
