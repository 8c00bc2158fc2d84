import socket

from remuda.edge.sockets import received_bytes


def test_bytes_are_counted_for_each_connection_to_a_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert received_bytes(port) == {}
        with (
            socket.create_connection(("127.0.0.1", port)) as talking,
            server.accept()[0] as accepted,
            socket.create_connection(("127.0.0.1", port)),
            server.accept()[0],
        ):
            accepted.sendall(b"x" * 1000)
            assert talking.recv(1000, socket.MSG_WAITALL)
            counted = received_bytes(port)
            assert counted is not None
            assert sorted(counted.values()) == [0, 1000]


def test_ipv6_is_counted_too() -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("::1", port)) as client, server.accept()[0] as accepted:
            accepted.sendall(b"abc")
            assert client.recv(3)
            assert list((received_bytes(port) or {}).values()) == [3]
