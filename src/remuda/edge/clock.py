"""The wall clock, for what people and other programs read. Durations are measured with the loop's."""

from __future__ import annotations

import time


def unix_s() -> float:
    """Seconds since 1970."""
    return time.time()
