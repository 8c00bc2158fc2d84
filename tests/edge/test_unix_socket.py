from pathlib import Path

import pytest

from remuda.edge import unix_socket


@pytest.fixture(params=["short", "long-name-" * 12], ids=["short", "long"])
def path(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    directory: Path = tmp_path / request.param
    directory.mkdir()
    return directory / "control.sock"


def test_a_path_of_any_length_can_be_listened_on_and_connected_to(path: Path) -> None:
    with unix_socket.listen(path) as listener, unix_socket.connect(path) as client:
        server, _ = listener.accept()
        with server:
            client.sendall(b"hello")
            assert server.recv(5) == b"hello"


def test_the_socket_is_private(path: Path) -> None:
    with unix_socket.listen(path):
        assert path.stat().st_mode & 0o777 == 0o600


def test_what_a_killed_listener_left_is_replaced(path: Path) -> None:
    unix_socket.listen(path).close()
    with pytest.raises(ConnectionRefusedError):
        unix_socket.connect(path)
    with unix_socket.listen(path), unix_socket.connect(path) as client:
        assert client.gettimeout() is None


def test_nobody_there_is_an_error(path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        unix_socket.connect(path)
