"""Tells whoever started the daemon that it serves, as systemd wants to be told (sd_notify(3)).

A service manager does it for units of `Type=notify`, `remuda up --detach` for the daemon that it has started.
"""

from __future__ import annotations

import contextlib
import secrets
import socket

READY = "READY=1"


def tell(address: str | None, what: str) -> None:
    """Send a state to `NOTIFY_SOCKET`; where nobody listens any more, nobody is told."""
    if not address:
        return
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.sendto(what.encode(), f"\0{address[1:]}" if address.startswith("@") else address)


class Notices:
    """What others tell us, at `address`. A descriptor to wait for is `fileno`."""

    def __init__(self) -> None:
        self.address = f"@remuda-{secrets.token_hex(16)}"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._socket.bind(f"\0{self.address[1:]}")

    def fileno(self) -> int:
        """Readable when there is something to read."""
        return self._socket.fileno()

    def read(self) -> list[str]:
        """The lines of one message; empty when there is none."""
        with contextlib.suppress(BlockingIOError):
            return self._socket.recv(4096).decode(errors="replace").splitlines()
        return []

    def close(self) -> None:
        """Listen no more."""
        self._socket.close()
