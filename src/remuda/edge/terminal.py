"""The terminal that this process belongs to."""

from __future__ import annotations

import os


def has_terminal() -> bool:
    """Whether this process has a controlling terminal, so that SIGHUP means that it has been closed (tty(4))."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True
