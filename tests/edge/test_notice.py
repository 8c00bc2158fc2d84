import select
import socket
import threading
from pathlib import Path

from remuda.edge import notice
from remuda.edge.notice import READY, Notices


def test_what_is_told_is_read() -> None:
    notices = Notices()
    assert notices.read() == []
    notice.tell(notices.address, f"{READY}\nSTATUS=serves")
    assert notices.read() == [READY, "STATUS=serves"]
    notices.close()


def test_it_may_be_a_socket_file_as_service_managers_have(tmp_path: Path) -> None:
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(path)
        notice.tell(path, READY)
        assert manager.recv(100) == READY.encode()


def test_nobody_needs_to_listen(tmp_path: Path) -> None:
    notices = Notices()
    notices.close()
    for address in (None, "", str(tmp_path / "none"), notices.address):
        notice.tell(address, READY)


def test_one_can_wait_until_everything_is_read() -> None:
    notices, passed = Notices(), threading.Event()

    def wait() -> None:
        notice.wait_until_read(notices.address, 30)
        passed.set()

    waiter = threading.Thread(target=wait)
    waiter.start()
    select.select([notices], [], [])
    assert not passed.is_set()
    notices.read()
    waiter.join()
    notices.close()
    notice.wait_until_read(notices.address, 30)
    notice.wait_until_read(None, 30)
