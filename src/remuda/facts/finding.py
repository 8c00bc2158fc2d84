"""What came in the way while a host was looked at."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Kind = Literal["refused", "slow", "unreadable", "broken", "newer"]


class Finding(Struct, frozen=True, omit_defaults=True):
    """A source that told less than it should, so that facts are missing; never a reason to end.

    `kind`: permission was `refused`; it was too `slow` and not waited for; it was `unreadable` or said what nobody
    understands; the thing itself is `broken` (a driver that does not answer); the document is of a `newer` version.
    """

    source: str
    kind: Kind
    message: str
