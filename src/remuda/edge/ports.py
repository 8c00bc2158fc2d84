"""Free ports, and who listens on one.

A free port is found by binding it; between that and the engine's own bind somebody else may take it, so the daemon also
looks, once an engine answers, that the listener is one of the engine's own processes.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterable
from pathlib import Path

_LISTEN = "0A"


def free_port(host: str = "127.0.0.1") -> int:
    """A TCP port that nothing listens on right now."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could bind this port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def listens(pids: Iterable[int], port: int) -> bool:
    """Whether one of these processes holds a listening socket on the port."""
    inodes = _listening_inodes(port)
    return any(inode in inodes for pid in pids for inode in _socket_inodes(pid))


def _listening_inodes(port: int) -> set[str]:
    """Inodes of the sockets that listen on a port: columns of /proc/net/tcp (proc(5))."""
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        path = Path(table)
        for line in path.read_text().splitlines()[1:] if path.exists() else ():
            fields = line.split()
            if fields[3] == _LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
                inodes.add(fields[9])
    return inodes


def _socket_inodes(pid: int) -> Iterable[str]:
    with contextlib.suppress(OSError):  # it has ended, or belongs to somebody else
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):  # closed meanwhile
                target = str(descriptor.readlink())
                if target.startswith("socket:["):
                    yield target[8:-1]
