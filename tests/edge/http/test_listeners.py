import os
import socket
from pathlib import Path

import pytest

from remuda.edge.http import listeners
from remuda.errors import EffectError
from remuda.spec.listen import Listen


def test_an_address_is_taken_before_anybody_can_connect() -> None:
    (taken,) = listeners.take(Listen("127.0.0.1", 0))
    with taken, pytest.raises(ConnectionRefusedError):
        socket.create_connection(taken.getsockname(), 5)


def test_every_address_of_a_name_is_taken() -> None:
    taken = listeners.take(Listen("localhost", 0))
    assert {sock.getsockname()[0] for sock in taken} <= {"127.0.0.1", "::1"}
    listeners.close(taken)


def test_who_connects_before_anybody_accepts_waits() -> None:
    (taken,) = listeners.open_now(Listen("127.0.0.1", 0))
    with taken, socket.create_connection(taken.getsockname(), 5) as client:
        client.sendall(b"hello")
        accepted, _ = taken.accept()
        with accepted:
            assert accepted.recv(10) == b"hello"


def test_an_address_in_use_is_an_error_when_it_is_opened() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        host, port = other.getsockname()
        with pytest.raises(EffectError, match=f"cannot listen on `127.0.0.1:{port}`: the address is in use"):
            listeners.open_now(Listen(host, port))


def test_a_listening_socket_of_somebody_else_is_used() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, listeners.inherited(os.dup(other.fileno())) as sock:
        assert sock.getsockname() == other.getsockname()


def test_anything_else_is_refused(tmp_path: Path) -> None:
    unix = socket.socket(socket.AF_UNIX)
    unix.bind(str(tmp_path / "socket"))
    unix.listen()
    not_listening = socket.socket()
    for descriptor in (unix.detach(), not_listening.detach(), os.open(tmp_path, os.O_RDONLY)):
        with pytest.raises(EffectError, match=f"descriptor {descriptor}: expected a TCP socket that listens"):
            listeners.inherited(descriptor)
