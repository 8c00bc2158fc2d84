import os
import pty
import subprocess
import sys

CODE = "from remuda.edge.terminal import has_terminal; print(has_terminal())"


def test_a_process_in_a_session_of_its_own_has_no_terminal() -> None:
    argv = [sys.executable, "-c", CODE]
    assert subprocess.run(argv, start_new_session=True, capture_output=True, check=True).stdout == b"False\n"


def test_a_process_that_was_started_on_a_terminal_has_one() -> None:
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(sys.executable, [sys.executable, "-c", CODE])  # noqa: S606
    with os.fdopen(terminal, "rb") as shown:
        assert shown.readline() == b"True\r\n"
    os.waitpid(pid, 0)
