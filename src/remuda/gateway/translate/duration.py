"""Durations as Go writes them, and Ollama's clients with it: `5m`, `1h30m`, `-1.5s`, `0`.

Source: the documentation of Go's `time.ParseDuration`. A number needs a unit, except 0.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

_UNITS_S: Mapping[str, float] = MappingProxyType(
    # The micro sign and the Greek letter look alike; Go takes both.
    {"ns": 1e-9, "us": 1e-6, "\u00b5s": 1e-6, "\u03bcs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
)
_TERM = rf"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)({'|'.join(_UNITS_S)})"
_DURATION = re.compile(rf"[+-]?(?:0|(?:{_TERM})+)")
_TERMS = re.compile(_TERM)


def duration_s(text: str) -> float | None:
    """The seconds of a duration; None when it is none."""
    if not _DURATION.fullmatch(text):
        return None
    found = sum((float(number) * _UNITS_S[unit] for number, unit in _TERMS.findall(text)), start=0.0)
    return -found if text.startswith("-") else found
