"""What the test of units does beside a systemd of a user: `remuda` as that user runs it, and `systemctl`."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from tests.end_to_end.daemon_process import TIMEOUT_S, Daemon, Home, is_alive

A, B = "llama-cpp-tiny-a.service", "llama-cpp-tiny-b.service"


def systemctl(*arguments: str) -> str:
    done = subprocess.run(["systemctl", "--user", *arguments], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def is_active(unit: str) -> bool:
    return systemctl("is-active", unit) == "active"


def main_pid(unit: str) -> int:
    return int(systemctl("show", "--property=MainPID", "--value", unit))


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def ask(daemon: Daemon, model: str) -> tuple[int, str]:
    """The status of an answer, and what it says."""
    body = {"model": model, "messages": [{"role": "user", "content": "hello"}], "max_tokens": 2}
    asked = urllib.request.Request(f"{daemon.url}/v1/chat/completions", json.dumps(body).encode())  # noqa: S310
    try:
        with urllib.request.urlopen(asked, timeout=TIMEOUT_S) as response:  # noqa: S310
            return response.status, json.loads(response.read())["model"]
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())["error"]["message"]


def swaps(home: Home, daemon: Daemon) -> None:
    """Each model is started as it is asked for, and makes room for the other."""
    assert ask(daemon, "tiny-a") == (200, "tiny-a")
    assert is_active(A)
    assert ask(daemon, "tiny-b") == (200, "tiny-b")
    assert (is_active(A), is_active(B)) == (False, True)
    until(lambda: "listening on http" in home.run("logs", "tiny-b").stdout)


def dies(home: Home, daemon: Daemon) -> None:
    """An engine that is killed is started again: when it is asked for, or by systemd and then taken up."""
    before = main_pid(B)
    os.kill(before, signal.SIGKILL)
    until(lambda: ask(daemon, "tiny-b") == (200, "tiny-b"))
    assert main_pid(B) not in {0, before}
    assert ask(daemon, "tiny-a") == (200, "tiny-a")
    before = daemon.wait_until("tiny-a", "ready")["pid"]
    assert before == main_pid(A)
    os.kill(before, signal.SIGKILL)
    until(lambda: (row := daemon.ps()["tiny-a"])["state"] == "ready" and row["pid"] != before)
    assert daemon.ps()["tiny-a"]["pid"] == main_pid(A)
    assert systemctl("show", "--property=NRestarts", "--value", A) == "1"
    assert not is_active(B)


def is_left(home: Home, daemon: Daemon, file: Path) -> None:
    """The next daemon takes over what the last one has started, however that has ended."""
    pid = main_pid(A)
    assert home.run("restart").returncode == 0
    assert daemon.wait_until("tiny-a", "ready")["pid"] == pid
    daemon.end(signal.SIGKILL)
    with home.up(file) as again:
        assert again.wait_until("tiny-a", "ready")["pid"] == pid
        assert ask(again, "tiny-a") == (200, "tiny-a")
        assert home.run("unload", "tiny-a").returncode == 0
        until(lambda: not is_active(A))
        assert not is_alive(pid)
        systemctl("start", A)
        assert again.wait_until("tiny-a", "ready")["pid"] == main_pid(A)
        assert home.run("down").returncode == 0
    assert not is_active(A)


def was_there(home: Home, file: Path) -> None:
    """A unit that runs before any daemon is taken up by the first."""
    systemctl("start", B)
    with home.up(file) as daemon:
        assert daemon.wait_until("tiny-b", "ready")["pid"] == main_pid(B)
        assert ask(daemon, "tiny-b") == (200, "tiny-b")


def cannot(home: Home, daemon: Daemon) -> None:
    """What cannot be started is said with its reason."""
    status, said = ask(daemon, "gone")
    assert status == 502
    assert "cannot find the unit `llama-cpp-gone.service`: systemd does not know it" in said
    status, said = ask(daemon, "broken")
    assert status == 502
    assert "no-such-option" in said, said


def main() -> None:
    home, file = Home(Path(sys.argv[1])), Path(sys.argv[2])
    with home.up(file) as daemon:
        swaps(home, daemon)
        dies(home, daemon)
        cannot(home, daemon)
        assert ask(daemon, "tiny-a") == (200, "tiny-a")
        is_left(home, daemon, file)
    was_there(home, file)
    assert (is_active(A), is_active(B)) == (False, False)


main()
