"""Unix sockets at paths of any length.

The kernel takes at most 107 bytes of a socket's path; a path through /proc/self/fd to the open directory is short
whatever the directory is called.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path

CONNECT_TIMEOUT_S = 5.0


def listen(path: Path) -> socket.socket:
    """A listening socket that only its owner can connect to, in place of whatever was there. Raises OSError."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with short_path(path) as short:
            listener.bind(short)
        path.chmod(0o600)
        listener.listen()
    except OSError:
        listener.close()
        raise
    return listener


def connect(path: Path) -> socket.socket:
    """A connection, without a timeout once it is made. Raises OSError."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(CONNECT_TIMEOUT_S)
    try:
        with short_path(path) as short:
            connection.connect(short)
    except OSError:
        connection.close()
        raise
    connection.settimeout(None)
    return connection


@contextlib.contextmanager
def short_path(path: Path) -> Iterator[str]:
    """A path to the same file, valid inside of this context, that is short enough for a socket. Raises OSError."""
    directory = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{directory}/{path.name}"
    finally:
        os.close(directory)
