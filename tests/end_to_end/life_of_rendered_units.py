"""What the test of rendered units does beside a systemd of a user."""

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

HOME, A_PORT, SLOW_PORT, GATEWAY_PORT = Path(sys.argv[1]), *map(int, sys.argv[2:])
A, B, SLOW = "llama-cpp-tiny-a.service", "llama-cpp-tiny-b.service", "command-slow.service"
TIMEOUT_S = 20.0


def systemctl(*arguments: str) -> str:
    done = subprocess.run(["systemctl", "--user", *arguments], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def shown(unit: str, name: str) -> str:
    return systemctl("show", f"--property={name}", "--value", unit)


def trouble() -> str:
    journal = subprocess.run(
        ["journalctl", "--no-pager", "--lines=40", "_TRANSPORT=stdout"], capture_output=True, text=True, check=False
    )
    return systemctl("status", "--lines=0", "--no-pager", A, B, SLOW, "remuda.*") + journal.stdout


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while not condition():
        assert time.monotonic() < deadline, trouble()
        time.sleep(0.02)


def get(url: str) -> int:
    with urllib.request.urlopen(url, timeout=TIMEOUT_S) as response:  # noqa: S310
        return int(response.status)


def ask(model: str, key: str) -> tuple[int, str]:
    """The status of the gateway's answer, and the model that it is of."""
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": "hello"}], "max_tokens": 2}).encode()
    url, fields = f"http://127.0.0.1:{GATEWAY_PORT}/v1/chat/completions", {"Authorization": f"Bearer {key}"}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, fields), timeout=TIMEOUT_S) as response:
            return response.status, json.loads(response.read())["model"]
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def comes_up() -> None:
    """A unit is active when its engine is healthy and not before; until then it says how far that is."""
    systemctl("start", "--no-block", SLOW)
    until(lambda: shown(SLOW, "StatusText").startswith("loading: /health answers 503"))
    assert shown(SLOW, "ActiveState") == "activating"
    (HOME / "slow.loaded").touch()
    until(lambda: shown(SLOW, "ActiveState") == "active")
    assert shown(SLOW, "StatusText") == f"serving on port {SLOW_PORT}"
    assert shown(SLOW, "MemoryMax") == str(256 * 2**20)
    until(lambda: len(Path(f"/sys/fs/cgroup{shown(SLOW, 'ControlGroup')}/cgroup.procs").read_text().split()) == 1)


def has_its_environment() -> None:
    """Files are weaker than variables, the engine's weaker than the model's; secrets come out of credentials."""
    environment = json.loads((HOME / "slow.environment").read_text())
    expected = {
        "IN_FILE": "engine",
        "IN_BOTH_FILES": '"model"',
        "OVER_FILE": "engine",
        "OF_ENGINE": "engine",
        "OF_MODEL": 'a $b 50% "c"',
        "BOTH": "model",
        "SECRET": "secret-marker",
    }
    assert {name: environment[name] for name in expected} == expected
    assert not {"NOTIFY_SOCKET", "CREDENTIALS_DIRECTORY"} & environment.keys()
    told = systemctl("cat", SLOW, A, "remuda.service") + systemctl("show", SLOW, A, "remuda.service")
    assert "marker" not in told


def ends() -> None:
    """How an engine ends is how its unit ends."""
    (HOME / "slow.end").touch()
    try:
        get(f"http://127.0.0.1:{SLOW_PORT}/health")
    except OSError:
        until(lambda: shown(SLOW, "ActiveState") == "failed")
    assert (shown(SLOW, "Result"), shown(SLOW, "ExecMainStatus")) == ("exit-code", "7")
    systemctl("start", A)
    assert get(f"http://127.0.0.1:{A_PORT}/health") == 200
    pid = int(shown(A, "MainPID"))
    assert b"\0TOKEN=token-marker\0" in b"\0" + Path(f"/proc/{pid}/environ").read_bytes()
    os.kill(pid, signal.SIGKILL)
    until(lambda: shown(A, "ActiveState") == "failed")
    assert (shown(A, "Result"), shown(A, "ExecMainStatus")) == ("signal", "9")


def serves() -> None:
    """The first request to the socket starts the gateway, which starts and swaps the units."""
    systemctl("start", "remuda.socket")
    assert shown("remuda.service", "ActiveState") == "inactive"
    assert ask("tiny-a", "wrong")[0] == 401
    assert shown("remuda.service", "ActiveState") == "active"
    assert ask("tiny-a", "key-marker") == (200, "tiny-a"), ask("tiny-a", "key-marker")
    assert ask("tiny-b", "key-marker") == (200, "tiny-b")
    until(lambda: (shown(A, "ActiveState"), shown(B, "ActiveState")) == ("inactive", "active"))
    os.kill(int(shown(B, "MainPID")), signal.SIGKILL)
    until(lambda: ask("tiny-b", "key-marker") == (200, "tiny-b"))
    systemctl("stop", "remuda.service", "remuda.socket")
    assert shown(B, "ActiveState") == "inactive"
    assert shown("remuda.service", "Result") == "success"


comes_up()
has_its_environment()
ends()
serves()
