"""The model that a path below `/upstream/` names.

Model IDs may contain slashes, so where the ID ends is known only from the names that there are: the longest that fits
wins. A slash of an ID may also be written `%2F`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from remuda.gateway.target import Target

_PREFIX = b"/upstream/"
_SEGMENTS = 8
_UP = (b".", b"..")


class Named(NamedTuple):
    """A name, and the path that follows it: what the engine is asked."""

    name: str
    path: bytes


def by_path(target: Target, is_known: Callable[[str], bool]) -> Named | None:
    """What a path below `/upstream/` names; None when a segment would lead out of where it seems to be.

    A name that nobody has is the first segment.
    """
    segments = target.path.removeprefix(_PREFIX).split(b"/")
    if any(unquote_to_bytes(segment) in _UP for segment in segments):
        return None
    for count in range(min(len(segments), _SEGMENTS), 0, -1):
        name = unquote_to_bytes(b"/".join(segments[:count])).decode("utf-8", "replace")
        if count == 1 or is_known(name):
            rest = b"/".join((b"", *segments[count:]))
            return Named(name, (rest + target.slash or b"/") + target.query)
    return None
