"""`remuda-notify` as systemd runs it, with a program in the place of an engine and a socket in that of the manager."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from remuda.edge.notice import READY, Notices
from remuda.edge.notifier import Wanted, environment_of, health, in_memory, parse
from remuda.edge.ports import free_port
from remuda.errors import EffectError, SpecError

ENGINE = """
import http.server, os, sys
from pathlib import Path

class Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if Path(sys.argv[2]).exists() else 503)
        self.end_headers()
    def log_message(self, *_):
        pass

print(os.getpid(), os.environ.get("TOKEN"), os.environ.get("NOTIFY_SOCKET"), flush=True)
server = http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Health)
while not Path(sys.argv[2] + "-end").exists():
    server.handle_request()
sys.exit(7)
"""


class Unit:
    """A process of `remuda-notify` and what its manager is told."""

    def __init__(self, directory: Path, *options: str) -> None:
        self.port, self.loaded, self.notices = free_port("127.0.0.1"), directory / "loaded", Notices()
        (directory / "token").write_text("s3cret\n")
        words = ("--port", str(self.port), *options, "--", sys.executable, "-c", ENGINE, str(self.port))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "remuda.edge.notifier", *words, str(self.loaded)],
            env={**os.environ, "NOTIFY_SOCKET": self.notices.address, "CREDENTIALS_DIRECTORY": str(directory)},
            stdout=subprocess.PIPE,
            text=True,
        )

    def told(self, what: str) -> str:
        """The first line with this that the manager is told from now on."""
        while True:
            ready, _, _ = select.select([self.notices], [], [], 30)
            assert ready, f"nothing was told of `{what}`"
            for line in self.notices.read():
                if what in line:
                    return line

    def said(self) -> list[str]:
        assert self.process.stdout
        return self.process.stdout.readline().split()

    def watchers(self) -> list[int]:
        """The processes of its command line beside the engine, whose own has taken its place."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"remuda.edge.notifier" in words and str(self.port).encode() in words:
                found.append(int(entry.name))
        return found


@pytest.fixture
def unit(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Unit]:
    unit = Unit(tmp_path, *getattr(request, "param", ("--path", "/health", "--secret", "TOKEN=token")))
    yield unit
    unit.process.kill()
    unit.notices.close()
    unit.process.communicate()


def test_the_manager_hears_how_the_engine_comes_up_and_then_that_it_serves(unit: Unit) -> None:
    pid, token, address = unit.said()
    assert (int(pid), token, address) == (unit.process.pid, "s3cret", "None")
    assert unit.told("STATUS=loading").startswith("STATUS=loading: /health answers 503")
    assert unit.watchers() != []
    unit.loaded.touch()
    assert unit.told(READY) == READY
    assert unit.told("BARRIER=1")
    while unit.watchers():
        time.sleep(0.01)


def test_the_exit_status_is_the_engines(unit: Unit) -> None:
    unit.said()
    unit.told("STATUS=loading")
    Path(f"{unit.loaded}-end").touch()
    assert unit.process.wait(30) == 7
    while unit.watchers():
        time.sleep(0.01)


def test_a_signal_reaches_the_engine_and_is_its_end(unit: Unit) -> None:
    unit.said()
    unit.process.send_signal(signal.SIGTERM)
    assert unit.process.wait(30) == -signal.SIGTERM


def test_an_engine_outlives_its_watcher(unit: Unit) -> None:
    unit.said()
    unit.told("STATUS=loading")
    for pid in unit.watchers():
        os.kill(pid, signal.SIGKILL)
    unit.loaded.touch()
    assert health(unit.port, "/health") is None


@pytest.mark.parametrize("unit", [()], indirect=True)
def test_without_a_path_the_open_port_is_enough(unit: Unit) -> None:
    assert unit.told(READY) == READY


def test_a_command_line() -> None:
    words = [
        "--port=1",
        "--path",
        "/a=b",
        "--file",
        "f",
        "--file=g",
        "--secret",
        "A=b",
        "--own=C,D",
        "--",
        "x",
        "--",
        "y",
    ]
    assert parse(words) == Wanted(
        port=1,
        command=("x", "--", "y"),
        path="/a=b",
        files=("f", "g"),
        secrets=(("A", "b"),),
        own=frozenset({"C", "D"}),
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "expected `--port` with a number"),
        (["--port", "x", "--", "a"], "expected `--port` with a number"),
        (["--port", "1", "--"], "and a command after `--`"),
        (["--prot", "1", "--", "a"], "there is no option `--prot`"),
        (["--port", "1", "--secret", "a", "--", "a"], "expected `NAME=CREDENTIAL`"),
    ],
)
def test_wrong_command_lines(words: list[str], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        parse(words)


def test_what_wins_in_the_environment(tmp_path: Path) -> None:
    (tmp_path / "engine").write_text("GIVEN=engine\nENGINE=engine\nBOTH=engine\nOWN=engine\nSECRET=engine\n")
    (tmp_path / "model").write_text('BOTH="model"\n# a comment\nPATH\n')
    (tmp_path / "token").write_text("secret\n")
    wanted = Wanted(
        1, (), files=("engine", "model"), secrets=(("SECRET", "token"),), own=frozenset({"OWN", "NOT_THERE"})
    )
    inherited = {"GIVEN": "manager", "PATH": "/bin", "OWN": "unit", "NOTIFY_SOCKET": "@x"}
    assert environment_of(wanted, {**inherited, "CREDENTIALS_DIRECTORY": str(tmp_path)}) == {
        "GIVEN": "engine",
        "PATH": "/bin",
        "ENGINE": "engine",
        "BOTH": '"model"',
        "OWN": "unit",
        "SECRET": "secret",
    }


def test_a_credential_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(EffectError, match=r"cannot resolve `\$\{cred:token\}`"):
        environment_of(Wanted(1, (), secrets=(("A", "token"),)), {"CREDENTIALS_DIRECTORY": str(tmp_path)})


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["--port", "1", "--", "/no/such/program"], 6, "cannot execute `/no/such/program`: no such file"),
        (["--port", "1", "--engine", "ollama"], 3, "cannot run engine `ollama`"),
        (["--port", "1", "--engine", "olama"], 2, "there is no engine `olama`"),
    ],
)
def test_what_cannot_be_started_is_said(words: list[str], status: int, said: str) -> None:
    argv = [sys.executable, "-m", "remuda.edge.notifier", *words]
    done = subprocess.run(argv, env={"PATH": "/nowhere"}, capture_output=True, text=True, check=False, timeout=30)
    assert (done.returncode, said in done.stderr) == (status, True), done.stderr


def test_what_the_unit_holds_in_memory(tmp_path: Path) -> None:
    (tmp_path / "membership").write_text("1:name=systemd:/x\n0::/a.slice/b.service\n")
    assert in_memory(tmp_path / "membership", tmp_path) == ""
    (tmp_path / "a.slice/b.service").mkdir(parents=True)
    (tmp_path / "a.slice/b.service/memory.current").write_text(f"{3 * 2**29}\n")
    assert in_memory(tmp_path / "membership", tmp_path) == ", 1.5 GiB in memory"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"", "loading: / answers nothing that is HTTP"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", "loading: / answers 204"),
        (b"HTTP/1.0 200 OK\r\n\r\n", None),
    ],
)
def test_health(answer: bytes, said: str | None) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        if os.fork() == 0:
            connection, _ = server.accept()
            connection.recv(4096)
            connection.sendall(answer)
            os._exit(0)
        assert health(port, "/") == said
        os.wait()
    assert health(port, "/") == f"starting: nothing listens on port {port} yet"
