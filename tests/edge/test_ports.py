import os
import socket

from remuda.edge import ports


def test_a_free_port_can_be_bound() -> None:
    port = ports.free_port()
    assert ports.is_free(port)
    with socket.socket() as server:
        server.bind(("127.0.0.1", port))
        server.listen()
        assert not ports.is_free(port)


def test_the_listener_of_a_port_is_known_by_its_process() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        assert ports.listens([os.getpid()], port)
        assert not ports.listens([1, 999_999_999], port)
    assert not ports.listens([os.getpid()], port)


def test_a_connection_to_a_port_is_no_listener() -> None:
    with socket.socket() as server, socket.socket() as client:
        server.bind(("127.0.0.1", 0))
        server.listen()
        client.connect(server.getsockname())
        assert not ports.listens([os.getpid()], client.getsockname()[1])
