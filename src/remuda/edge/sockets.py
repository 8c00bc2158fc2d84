"""What has come over connections, as the kernel counts it (sock_diag(7), `struct tcp_info` of linux/tcp.h).

So whoever asks seldom whether anything still flows costs nothing to what does flow.
"""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Iterator, Mapping

_NETLINK_SOCK_DIAG = 4
_SOCK_DIAG_BY_FAMILY = 20
_NLMSG_DONE = 3
_NLM_F_REQUEST_DUMP = 0x301
_INET_DIAG_INFO = 2
_ESTABLISHED = 1 << 1
_MESSAGE = struct.Struct("=IHHII")
_REQUEST = struct.Struct("=BBBBI4s40sII")
_HEAD_BYTES = 72
_INODE_AT = 68
_RECEIVED_AT = 128
_ATTRIBUTE = struct.Struct("=HH")
_BUFFER_BYTES = 256 * 1024


def received_bytes(port: int) -> Mapping[int, int] | None:
    """Bytes that have come over each open connection of this machine to a port, by the socket's inode.

    None where the kernel does not tell.
    """
    found: dict[int, int] = {}
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG) as kernel:
            kernel.settimeout(1)
            for family in (socket.AF_INET, socket.AF_INET6):
                kernel.send(_question(family, port))
                for message in _messages(kernel):
                    if (received := _received(message)) is not None:
                        found[struct.unpack_from("=I", message, _INODE_AT)[0]] = received
    except (OSError, struct.error):
        return None
    return found


def _question(family: int, port: int) -> bytes:
    ports = struct.pack("!HH", 0, port)
    info = 1 << (_INET_DIAG_INFO - 1)
    asked = _REQUEST.pack(family, socket.IPPROTO_TCP, info, 0, _ESTABLISHED, ports, b"", 0, 0)
    return _MESSAGE.pack(_MESSAGE.size + len(asked), _SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST_DUMP, 0, 0) + asked


def _messages(kernel: socket.socket) -> Iterator[bytes]:
    """The sockets of one answer, to its end. Raises OSError when the kernel refuses."""
    while True:
        data = kernel.recv(_BUFFER_BYTES)
        while data:
            length, kind, *_ = _MESSAGE.unpack_from(data)
            if kind == _NLMSG_DONE:
                return
            if kind != _SOCK_DIAG_BY_FAMILY:
                raise OSError
            yield data[_MESSAGE.size : length]
            data = data[(length + 3) & ~3 :]


def _received(message: bytes) -> int | None:
    """`tcpi_bytes_received` of a socket."""
    rest = message[_HEAD_BYTES:]
    with contextlib.suppress(struct.error):
        while rest:
            length, kind = _ATTRIBUTE.unpack_from(rest)
            if kind == _INET_DIAG_INFO:
                return int(struct.unpack_from("=Q", rest, _ATTRIBUTE.size + _RECEIVED_AT)[0])
            rest = rest[(max(length, _ATTRIBUTE.size) + 3) & ~3 :]
    return None
