"""A daemon in the background, its end, and its successor: engines outlive it, and nobody is refused meanwhile."""

import json
import os
import pty
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPResponse
from pathlib import Path
from typing import Any, cast

import pytest

from remuda.edge.ports import free_port
from tests.end_to_end.daemon_process import TIMEOUT_S, Home, is_alive, wait_until_gone

FAKE = Path(__file__).parents[1] / "fake_engine.py"


def fleet(listen: str = "127.0.0.1:0", **models: str) -> str:
    """A fleet of fake engines: their switches by model."""
    cmd = f"{sys.executable}, {FAKE}, --any-model, --port, '${{PORT}}'"
    entries = [
        f"  {name}: {{cmd: [{cmd}, --model, {name}{more}], memory: 10MiB}}"
        for name, more in (models or {"one": ""}).items()
    ]
    more = [f"gateway: {{listen: '{listen}'}}", "residency: {budget: {cpu: 1GiB}}", "lint: {model_ids: off}", ""]
    return "\n".join(["models:", *entries, *more])


def request(url: str, model: str = "one", **fake: Any) -> HTTPResponse:
    body = {"model": model, "messages": [{"role": "user", "content": "x"}], "stream": True, "fake": fake}
    asked = urllib.request.Request(f"{url}/v1/chat/completions", json.dumps(body).encode())  # noqa: S310
    return cast("HTTPResponse", urllib.request.urlopen(asked, timeout=TIMEOUT_S))  # noqa: S310


def answer(url: str, model: str = "one") -> str:
    """The engine that answers, by its name and pid."""
    with request(url, model) as response:
        assert b"[DONE]" in response.read()
        return str(response.headers["x-fake-engine"])


@contextmanager
def detached(home: Home, file: Path, *more: str) -> Iterator[dict[str, Any]]:
    """A daemon in the background; ended, if the test did not."""
    started = home.json("up", "--detach", "-f", file, *more)
    try:
        yield started
    finally:
        if is_alive(started["pid"]):
            home.run("down", "-f", file, "--kill")


def test_a_detached_daemon_serves_without_a_terminal_until_it_is_ended(home: Home) -> None:
    file = home.fleet(fleet())
    with detached(home, file) as daemon:
        pid, log = daemon["pid"], Path(daemon["log"])
        first = answer(daemon["url"])
        assert os.getsid(pid) == pid
        assert [Path(f"/proc/{pid}/fd/{at}").readlink() for at in (0, 1, 2)] == [Path("/dev/null"), log, log]
        assert log.stat().st_mode & 0o777 == 0o600
        assert " serves at " in log.read_text()
        assert "NOTIFY_SOCKET" not in Path(f"/proc/{first.split()[-1]}/environ").read_text()
        done = home.run("down")
        assert (done.returncode, done.stderr) == (0, f"the daemon with pid {pid} has ended\n")
        assert not is_alive(pid)
        assert not is_alive(int(first.split()[-1]))
    again = home.run("down")
    assert again.returncode == 6
    assert "no daemon is running" in again.stderr


def test_it_survives_the_closing_of_its_terminal(home: Home) -> None:
    file = home.fleet(fleet())
    argv = [sys.executable, "-m", "remuda", "up", "--detach", "-f", str(file), "--json"]
    ours, theirs = pty.openpty()
    out = home.path / "started.json"
    with out.open("w") as output:
        shell = subprocess.Popen(
            ["setsid", "--ctty", "--wait", *argv], env=home.environment, stdin=theirs, stdout=output, stderr=theirs
        )
        assert shell.wait(TIMEOUT_S) == 0
    os.close(theirs)
    os.close(ours)
    started = json.loads(out.read_text())
    assert answer(started["url"]).startswith("one ")
    assert home.run("down", "-f", file).returncode == 0


def test_a_second_one_is_told_which_runs_and_harms_nothing(home: Home) -> None:
    file = home.fleet(fleet())
    with detached(home, file) as daemon:
        again = home.run("up", "--detach", "-f", file)
        assert again.returncode == 6
        assert f"already up: the daemon with pid {daemon['pid']}" in again.stderr
        assert answer(daemon["url"]).startswith("one ")


def test_a_daemon_that_cannot_start_ends_the_command_with_its_own_error(home: Home) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        done = home.run("up", "--detach", "-f", home.fleet(fleet()), "--listen", address)
    assert done.returncode == 6
    assert f"error: cannot listen on `{address}`: the address is in use" in done.stderr
    refused = home.run("up", "--detach", "-f", home.fleet("models: {a: {engine: nonsense}}"))
    assert refused.returncode == 2
    assert home.sockets() == []


def test_a_daemon_whose_starter_was_killed_can_be_ended(home: Home) -> None:
    file = home.fleet(fleet())
    argv = [sys.executable, "-m", "remuda", "up", "--detach", "-f", str(file)]
    with subprocess.Popen(argv, env=home.environment, cwd=home.path, stderr=subprocess.DEVNULL) as starter:
        locks = home.path / "runtime_dir" / "remuda"
        while not list(locks.glob("*/lock")):
            assert starter.poll() is None
            time.sleep(0.005)
        starter.kill()
    done = home.run("down", "-f", file)
    assert done.returncode == 0, done.stderr
    assert home.sockets() == []


def test_engines_that_are_kept_are_taken_over_by_the_next_daemon(home: Home) -> None:
    file = home.fleet(fleet())
    with detached(home, file) as first:
        engine = answer(first["url"])
        done = home.run("down", "--keep-engines")
        assert done.stderr == f"the daemon with pid {first['pid']} has ended, its engines go on\n"
        assert not is_alive(first["pid"])
        assert is_alive(int(engine.split()[-1]))
    with detached(home, file) as second:
        assert answer(second["url"]) == engine


def test_requests_are_finished_before_a_daemon_goes_down_unless_it_is_hurried(home: Home) -> None:
    file = home.fleet(fleet())
    with detached(home, file) as daemon, request(daemon["url"], tokens=20, rate=20) as stream:
        stream.readline()
        assert home.run("down").returncode == 0
        assert b"[DONE]" in stream.read()
    with detached(home, file) as daemon, request(daemon["url"], tokens=2000, rate=20) as stream:
        stream.readline()
        began = time.monotonic()
        assert home.run("down", "--kill").returncode == 0
        assert time.monotonic() - began < 10


def test_a_restart_keeps_the_process_the_address_and_the_engines(home: Home) -> None:
    file = home.fleet(fleet())
    with detached(home, file) as daemon:
        engine = answer(daemon["url"])
        for _ in range(2):
            told = home.json("restart")
            assert (told["pid"], told["url"]) == (daemon["pid"], daemon["url"])
            assert answer(daemon["url"]) == engine
        assert Path(daemon["log"]).read_text().count(" serves at ") == 3
        engine_pid = int(engine.split()[-1])
        os.kill(engine_pid, signal.SIGKILL)
        assert answer(daemon["url"]) != engine
        wait_until_gone(engine_pid)
        assert home.run("down").returncode == 0


def test_nobody_is_refused_while_a_daemon_is_restarted(home: Home) -> None:
    file = home.fleet(fleet())
    with detached(home, file) as daemon:
        engine = answer(daemon["url"])
        ended, answers, failures = threading.Event(), [], []

        def ask() -> None:
            while not ended.is_set():
                try:
                    answers.append(answer(daemon["url"]))
                except Exception as error:  # noqa: BLE001
                    failures.append(repr(error))

        with request(daemon["url"], tokens=30, rate=20) as stream:
            stream.readline()
            clients = [threading.Thread(target=ask) for _ in range(4)]
            for client in clients:
                client.start()
            assert home.run("restart").returncode == 0
            assert b"[DONE]" in stream.read()
        ended.set()
        for client in clients:
            client.join()
        assert failures == []
        assert set(answers) == {engine}


def test_what_a_reload_cannot_change_a_restart_does(home: Home) -> None:
    file = home.fleet(fleet())
    with detached(home, file) as daemon:
        engine = answer(daemon["url"])
        elsewhere = f"127.0.0.1:{free_port()}"
        home.fleet(fleet(elsewhere))
        assert home.json("reload")["needs_restart"] == ["gateway.listen"]
        assert home.json("restart")["url"] == f"http://{elsewhere}"
        assert answer(f"http://{elsewhere}") == engine
        with pytest.raises(OSError, match="refused"):
            answer(daemon["url"])


@pytest.mark.parametrize(
    ("text", "code", "why"),
    [
        ("models: [", 2, "remuda.yaml:1:"),
        (
            "models: {big: {engine: vllm, model: org/big, executable: /nowhere/vllm, devices: [cpu]}}",
            3,
            "/nowhere/vllm",
        ),
        (fleet().replace("gateway: {", "gateway: {keys: [{name: a, secret: '${file:none}'}], "), 6, "none"),
        ("LISTEN", 6, "the address is in use"),
    ],
)
def test_a_restart_that_could_not_succeed_changes_nothing(home: Home, text: str, code: int, why: str) -> None:
    file = home.fleet(fleet())
    with detached(home, file) as daemon, socket.create_server(("127.0.0.1", 0)) as other:
        engine = answer(daemon["url"])
        home.fleet(fleet(f"127.0.0.1:{other.getsockname()[1]}") if text == "LISTEN" else text)
        refused = home.run("restart", "-f", file)
        assert (refused.returncode, why in refused.stderr) == (code, True), refused.stderr
        assert answer(daemon["url"]) == engine
        assert "serves at" not in Path(daemon["log"]).read_text().split("serves at", 1)[1]
        assert home.run("down", "-f", file).returncode == 0


def test_a_daemon_in_the_foreground_can_be_replaced_and_still_ends_by_ctrl_c(home: Home) -> None:
    with home.up(home.fleet(fleet()), "--only", "one") as daemon:
        engine = answer(daemon.url)
        assert home.json("restart")["pid"] == daemon.pid
        assert answer(daemon.url) == engine
        assert list(daemon.ps()) == ["one"]
        assert daemon.end(signal.SIGINT) == 130
        assert not is_alive(int(engine.split()[-1]))


UNIT = """
import os, socket, sys
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
os.dup2(listener.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", LISTEN_FDNAMES="remuda.socket")
os.execv(sys.executable, [sys.executable, "-m", "remuda", *sys.argv[2:]])
"""


def test_a_socket_unit_says_where_the_gateway_answers(home: Home) -> None:
    """As `remuda.socket` and `remuda.service` of a service manager would: it listens before the daemon runs."""
    port, file = free_port(), home.fleet(fleet(f"127.0.0.1:{free_port()}"))
    argv = [sys.executable, "-c", UNIT, str(port), "up", "-f", str(file)]
    log = home.path / "unit.log"
    with log.open("w") as output:
        daemon = subprocess.Popen(argv, env=home.environment, cwd=home.path, stdout=output, stderr=output)
    try:
        until_listening(port)
        engine = answer(f"http://127.0.0.1:{port}")
        environment = Path(f"/proc/{engine.split()[-1]}/environ").read_text()
        assert "LISTEN_" not in environment
        assert home.json("restart")["url"] == f"http://127.0.0.1:{port}"
        assert answer(f"http://127.0.0.1:{port}") == engine
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(TIMEOUT_S) == 0
    finally:
        daemon.kill()
        daemon.wait()


def until_listening(port: int) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        else:
            return


def test_a_dry_run_says_what_could_be_served_and_starts_nothing(home: Home) -> None:
    file = home.fleet(fleet(one="", two=""))
    assert home.json("up", "--dry-run", "-f", file) == {"listen": "127.0.0.1:0", "models": ["one", "two"]}
    told = home.run("up", "--dry-run", "-f", file, "--only", "two", "--listen", "127.0.0.1:9")
    assert told.stdout == f"{file}: 1 models could be served at 127.0.0.1:9\n"
    refused = home.run("up", "-f", file, "--json")
    assert refused.returncode == 2
    assert home.sockets() == []
