"""Takes the addresses of the gateway, before anybody can connect and before anything is started for them."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from collections.abc import Iterable

from remuda.errors import EffectError
from remuda.spec.listen import Listen, authority

BACKLOG = 2048


def take(listen: Listen) -> tuple[socket.socket, ...]:
    """A socket for each address that the host has, at least one, not listening yet. Raises EffectError."""
    taken: list[socket.socket] = []
    try:
        found = socket.getaddrinfo(listen.host, listen.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, _, _, _, address in dict.fromkeys(found):
            _take(taken, family, address)
    except OSError as error:
        close(taken)
        raise cannot_listen(listen.host, listen.port, error) from error
    if not taken:
        raise cannot_listen(listen.host, listen.port, OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL)))
    return tuple(taken)


def open_now(listen: Listen) -> tuple[socket.socket, ...]:
    """As `take`; and who connects from now on waits until somebody accepts. Raises EffectError."""
    taken = take(listen)
    try:
        for sock in taken:
            sock.listen(BACKLOG)
    except OSError as error:
        close(taken)
        raise cannot_listen(listen.host, listen.port, error) from error
    return taken


def inherited(descriptor: int) -> socket.socket:
    """A socket that listens already and was opened by somebody else. Raises EffectError for anything else."""
    with contextlib.suppress(OSError):  # it is no socket at all
        sock = socket.socket(fileno=descriptor)
        is_listening = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
        if is_listening and sock.family in {socket.AF_INET, socket.AF_INET6}:
            return sock
        sock.close()
    message = f"cannot serve at the inherited descriptor {descriptor}: expected a TCP socket that listens"
    raise EffectError(message, hint="give the socket unit a `ListenStream=` with a port, and `Accept=no`")


def close(sockets: Iterable[socket.socket]) -> None:
    """Give addresses up again."""
    for sock in sockets:
        sock.close()


def cannot_listen(host: str, port: int, error: OSError) -> EffectError:
    """Why there is no listening at an address."""
    address = authority(host, port)
    if error.errno == errno.EADDRINUSE:
        return EffectError(
            f"cannot listen on `{address}`: the address is in use",
            hint="choose another address with `gateway.listen` or `--listen`, or end the program that listens there",
        )
    reason = error.strerror or str(error)
    hint = "set `gateway.listen` to an address of this machine"
    return EffectError(f"cannot listen on `{address}`: {reason}", hint=hint)


def _take(taken: list[socket.socket], family: socket.AddressFamily, address: object) -> None:
    """One more of a host's addresses; one of a family that this machine does not have is left out."""
    try:
        sock = socket.socket(family, socket.SOCK_STREAM)
    except OSError:
        return
    taken.append(sock)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    try:
        sock.bind(address)  # type: ignore[arg-type]  # as getaddrinfo made it
    except OSError as error:
        if error.errno != errno.EADDRNOTAVAIL or len(taken) == 1:
            raise
        taken.pop().close()
