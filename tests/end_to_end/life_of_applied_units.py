"""What the test of `remuda apply` does beside a systemd of a user."""

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

HOME, PORT = Path(sys.argv[1]), int(sys.argv[2])
A, B, GATEWAY = "llama-cpp-tiny-a.service", "llama-cpp-tiny-b.service", "remuda.service"
STORE = HOME / "state/remuda/deploy"
TIMEOUT_S = 30.0


def systemctl(*arguments: str) -> str:
    done = subprocess.run(["systemctl", "--user", *arguments], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def is_up(unit: str) -> bool:
    """Whether it runs; systemd may hear a moment later than the gateway that it can serve."""
    return systemctl("is-active", unit) in {"active", "activating"}


def pid(unit: str) -> int:
    return int(systemctl("show", "--property=MainPID", "--value", unit))


def command_line(unit: str) -> str:
    return Path(f"/proc/{pid(unit)}/cmdline").read_text().replace("\0", " ")


def ask(model: str) -> tuple[int, str]:
    """The status of the gateway's answer, and the model that it is of, or what it says instead."""
    body = {"model": model, "messages": [{"role": "user", "content": "hello"}], "max_tokens": 2}
    client = http.client.HTTPConnection("127.0.0.1", PORT, timeout=TIMEOUT_S)
    with contextlib.closing(client):
        client.request("POST", "/v1/chat/completions", json.dumps(body))
        answer = client.getresponse()
        told = json.loads(answer.read())
    return answer.status, told["model"] if answer.status == 200 else told["error"]["message"]


@contextlib.contextmanager
def asked_all_the_while(model: str) -> Iterator[None]:
    """A client that connects anew for each question has no answer but good ones meanwhile."""
    done, answers = threading.Event(), list[tuple[int, str] | str]()

    def client() -> None:
        while not done.is_set():
            try:
                answers.append(ask(model))
            except (OSError, http.client.HTTPException) as error:
                answers.append(repr(error))

    thread = threading.Thread(target=client)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
    assert set(answers) == {(200, model)}, answers


def started(*arguments: str) -> subprocess.Popen[str]:
    file = ("-f", str(HOME / "remuda.yaml")) if arguments[0] == "apply" else ()
    argv = [sys.executable, "-m", "remuda", *arguments, *file]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def remuda(*arguments: str, expected: int = 0) -> str:
    running = started(*arguments)
    told, _ = running.communicate()
    assert running.returncode == expected, told
    return told


def apply(*arguments: str, expected: int = 0) -> str:
    return remuda("apply", "systemd", "--user", *arguments, expected=expected)


def until_answered(model: str) -> None:
    """The gateway may have tried what was broken, and sees within seconds that it is mended."""
    deadline = time.monotonic() + TIMEOUT_S
    while (answer := ask(model)) != (200, model):
        assert time.monotonic() < deadline, answer
        time.sleep(0.1)


def edit(old: str, new: str) -> None:
    file = HOME / "remuda.yaml"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))


def generations() -> list[tuple[int, bool, bool]]:
    """Each generation, whether it is applied, and whether it has failed; the newest first."""
    found = json.loads(remuda("generations", "--user", "--json"))["generations"]
    return [(one["generation"], one["current"], one["failed"] is not None) for one in found]


def begins() -> None:
    """The gateway comes up; what it starts on demand does not. Whoever connects first starts the gateway, too."""
    assert "generation 1 is applied" in apply()
    assert systemctl("is-enabled", "remuda.service", "remuda.socket").split() == ["enabled", "enabled"]
    assert is_up(GATEWAY)
    assert not is_up(A)
    systemctl("stop", GATEWAY)
    assert ask("tiny-a") == (200, "tiny-a")
    assert is_up(GATEWAY)


def swaps() -> None:
    """One makes room for the other; the engine that is killed is there again for the next request."""
    assert ask("tiny-b") == (200, "tiny-b")
    assert (is_up(A), is_up(B)) == (False, True)
    before = pid(B)
    os.kill(before, signal.SIGKILL)
    while pid(B) == before:  # what it has taken in by then is lost with it
        time.sleep(0.01)
    assert ask("tiny-b") == (200, "tiny-b")
    assert pid(B) not in {0, before}


def has_more_room() -> None:
    """What concerns the gateway alone is read by it, and no engine is another one."""
    before = pid(GATEWAY), pid(B)
    edit("cpu: 300MiB", "cpu: 500MiB")
    told = apply()
    assert "reload   remuda.service" in told
    assert "restart" not in told
    assert ask("tiny-a") == (200, "tiny-a")
    assert (pid(GATEWAY), pid(B)) == before


def changes() -> None:
    """Only the unit of the model that was edited is another one then."""
    before = [pid(unit) for unit in (GATEWAY, A, B)]
    edit("settings: {}", "settings: {ctx-size: 128}")
    with asked_all_the_while("tiny-b"):
        told = apply()
    assert f"restart  {A}" in told
    assert B not in told
    after = [pid(unit) for unit in (GATEWAY, A, B)]
    assert [old == new for old, new in zip(before, after, strict=True)] == [True, False, True]
    assert ask("tiny-a") == (200, "tiny-a")
    assert "--ctx-size 128" in command_line(A)


def breaks() -> None:
    """A model whose engine does not come up takes everything back, and answers as before."""
    before = pid(GATEWAY), pid(B)
    edit("ctx-size: 128", "ctx-size: 128, no-such-flag: 1")
    with asked_all_the_while("tiny-b"):
        told = apply(expected=6)
    assert f"cannot restart `{A}`" in told
    assert "no such flag in the embedded llama.cpp: `--no-such-flag`" in told, told
    assert "generation 3 is back" in told
    assert (pid(GATEWAY), pid(B)) == before
    until_answered("tiny-a")
    assert "no-such-flag" not in command_line(A)
    assert generations() == [(4, False, True), (3, True, False), (2, False, False), (1, False, False)]
    edit(", no-such-flag: 1", "")


def goes_back() -> None:
    """To what was before, as it was."""
    remuda("rollback", "--user")
    assert generations()[:3] == [(4, False, True), (3, False, False), (2, True, False)]
    assert ask("tiny-a") == (200, "tiny-a")
    assert "--ctx-size" not in command_line(A)


def is_edited() -> None:
    """What somebody has changed by hand stays, unless they say otherwise."""
    unit = HOME / f"config_home/systemd/user/{A}"
    unit.write_text(f"{unit.read_text()}# mine\n")
    assert f"{unit}` was edited" in apply(expected=6)
    assert unit.read_text().endswith("# mine\n")
    assert "generation 5 is applied" in apply("--force")
    assert not unit.read_text().endswith("# mine\n")
    assert "# mine" in (STORE / f"generations/2/files/config/systemd/user/{A}").read_text()


def is_killed() -> None:
    """Whoever applies after somebody who was killed on the way makes it whole first."""
    assert ask("tiny-a") == (200, "tiny-a")
    edit("ctx-size: 128", "ctx-size: 256")
    running = started("apply", "systemd", "--user")
    while f"restarting {A}" not in (line := str(running.stdout and running.stdout.readline())):
        assert line, "it has ended"
    running.kill()
    running.communicate()
    assert (STORE / "journal.json").exists()
    told = apply()
    assert "deployment of generation 6 was interrupted" in told
    assert not (STORE / "journal.json").exists()
    assert ask("tiny-a") == (200, "tiny-a")
    assert "--ctx-size 256" in command_line(A)


def is_restarted() -> None:
    """A fresh gateway refuses nobody, and has the engines of the last one."""
    before = pid(A), pid(B)
    gateway = pid(GATEWAY)
    with asked_all_the_while("tiny-b"):
        systemctl("restart", GATEWAY)
    assert pid(GATEWAY) not in {0, gateway}
    assert ask("tiny-a") == (200, "tiny-a")
    assert (pid(A), pid(B)) == before


os.environ["REMUDA_DEBUG"] = "1"
for chapter in (begins, swaps, has_more_room, changes, breaks, goes_back, is_edited, is_killed, is_restarted):
    chapter()
systemctl("stop", "remuda.socket", GATEWAY)
assert (is_up(A), is_up(B)) == (False, False)
