"""`remuda` as a user runs it: a program in a shell of its own directories, judged from outside."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

TIMEOUT_S = 30


@dataclass
class Home:
    """A user's directories, so that a test never meets another daemon of this machine."""

    path: Path

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "REMUDA_"))}
        own = {
            f"XDG_{name}": str(self.path / name.lower())
            for name in ("RUNTIME_DIR", "STATE_HOME", "CACHE_HOME", "CONFIG_HOME")
        }
        return {**kept, **own, "NO_COLOR": "1"}

    def fleet(self, text: str, name: str = "remuda.yaml") -> Path:
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def run(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, "-m", "remuda", *map(str, arguments)]
        return subprocess.run(
            argv, env=self.environment, cwd=self.path, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )

    def json(self, *arguments: str | Path) -> Any:
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def up(self, file: Path, *arguments: str) -> "Daemon":
        return Daemon(self, ["up", "-f", str(file), "--listen", "127.0.0.1:0", *arguments])

    def sockets(self) -> list[Path]:
        return list((self.path / "runtime_dir").rglob("*.sock"))


@dataclass
class Daemon:
    """A running `remuda up` (or `demo`, `serve`); `with` waits until it serves, and ends it if the test did not."""

    home: Home
    arguments: list[str]
    url: str = ""
    _process: subprocess.Popen[bytes] = field(init=False)
    output: Path = field(init=False)

    def __enter__(self) -> Self:
        self.output = self.home.path / f"output-{time.monotonic_ns()}"
        with self.output.open("w") as output:
            self._process = subprocess.Popen(
                self.argv,
                env=self.home.environment,
                cwd=self.home.path,
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # as a service runs it: without a terminal
            )
        self.url = self.wait_for(r"at (https?://\S+?)/v1")
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    @property
    def argv(self) -> list[str]:
        """Its command line."""
        return [sys.executable, "-m", "remuda", *self.arguments]

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def wait_for(self, pattern: str) -> str:
        """The first group of a line of its output, once there is one."""
        deadline = time.monotonic() + TIMEOUT_S
        while time.monotonic() < deadline:
            if match := re.search(pattern, self.output.read_text()):
                return match[1] if match.groups() else match[0]
            assert self.is_running, f"ended with {self._process.returncode}:\n{self.output.read_text()}"
            time.sleep(0.02)
        raise AssertionError(f"no {pattern!r} in:\n{self.output.read_text()}")

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait for the exit code."""
        self._process.send_signal(number)
        return self._process.wait(TIMEOUT_S)

    def ps(self) -> dict[str, dict[str, Any]]:
        """The rows of `remuda ps` by model."""
        rows = self.home.json("ps")["models"]
        return {row["id"]: row for row in rows}

    def wait_until(self, model: str, state: str) -> dict[str, Any]:
        """The row of a model once it is in a state."""
        deadline = time.monotonic() + TIMEOUT_S
        while (row := self.ps()[model])["state"] != state:
            assert time.monotonic() < deadline, row
            time.sleep(0.02)
        return row


def is_alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def wait_until_gone(pid: int) -> None:
    """Wait for the end of a process that is not our child."""
    deadline = time.monotonic() + TIMEOUT_S
    while is_alive(pid):
        assert time.monotonic() < deadline, f"{pid} still runs"
        time.sleep(0.02)
