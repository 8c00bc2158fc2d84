"""Tells whoever started the daemon that it serves, as systemd wants to be told (sd_notify(3)).

A service manager does it for units of `Type=notify`, `remuda up --detach` for the daemon that it has started.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket

READY = "READY=1"
_BARRIER = b"BARRIER=1"


def tell(address: str | None, what: str) -> None:
    """Send a state to `NOTIFY_SOCKET`; where nobody listens any more, nobody is told."""
    if not address:
        return
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.sendto(what.encode(), _address(address))


def wait_until_read(address: str | None, limit_s: float) -> None:
    """Wait until everything that was told before has been read (sd_notify_barrier(3)).

    The manager looks up whose unit a sender belongs to; one that has ended by then belongs to none, and goes unheard.
    """
    if not address:
        return
    ours, theirs = os.pipe()
    with open(ours, "rb") as end, contextlib.suppress(OSError):  # noqa: PTH123  a descriptor has no path
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
                sock.connect(_address(address))
                socket.send_fds(sock, [_BARRIER], [theirs])
        finally:
            os.close(theirs)
        poll = select.poll()
        poll.register(end, 0)  # the other end is closed by whoever has read it, which is an error to this one
        poll.poll(limit_s * 1000)


class Notices:
    """What others tell us, at `address`. A descriptor to wait for is `fileno`."""

    def __init__(self) -> None:
        self.address = f"@remuda-{os.urandom(16).hex()}"
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


def _address(text: str) -> str:
    return f"\0{text[1:]}" if text.startswith("@") else text
