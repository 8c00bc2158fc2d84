"""Descriptors: as many as this process may have, and room for them before they are needed.

The limit that most systems begin with, 1,024, is for programs that call select(2); a gateway needs two for each stream.
Engines that are started from here inherit the higher one.

Linux keeps the descriptors of a process in a table that it doubles when it is full. In a process with several threads
it waits each time until no processor looks at the old one any more (`expand_fdtable` in fs/file.c), for 5 to 15 ms in
which nothing is served; and it does so again and again in the first burst of connections.
"""

from __future__ import annotations

import fcntl
import os
import resource

_MOST = 65_536
# Eight bytes of the kernel's memory for each.
_ROOM = 16_384


def make_room() -> None:
    """Raise the soft limit, and have the table grow; best before there is a second thread."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = min(hard, _MOST)
    if soft < limit:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    some = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.close(fcntl.fcntl(some, fcntl.F_DUPFD_CLOEXEC, min(limit, _ROOM) - 1))
    finally:
        os.close(some)
