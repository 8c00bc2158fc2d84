"""Which distribution this is: os-release(5)."""

from __future__ import annotations

import shlex


def title(os_release: str) -> str | None:
    """Its name for people (`Debian GNU/Linux 12 (bookworm)`)."""
    for line in os_release.splitlines():
        name, _, value = line.partition("=")
        if name == "PRETTY_NAME":
            return "".join(shlex.split(value))
    return None
