"""What an engine's settings tell, before it runs: numbers and switches, whichever way they are spelled.

A value may still hold a reference (`${env:CONTEXT}`); it then tells nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_NUMBER = re.compile(r"\d+")


def setting(settings: Mapping[str, Any], *names: str) -> Any:
    """The value of a flag under its first name that is set; None when it is not. `_` and `-` are the same."""
    spelled = {key.replace("_", "-"): value for key, value in settings.items()}
    return next((spelled[name] for name in names if spelled.get(name) is not None), None)


def is_on(settings: Mapping[str, Any], *names: str) -> bool:
    """Whether a switch is on."""
    return setting(settings, *names) is True


def count(value: object) -> int | None:
    """A number above 0, which may be written as a text; None for anything else."""
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
