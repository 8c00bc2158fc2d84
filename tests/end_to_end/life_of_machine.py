"""What the test of a machine does in it, as its administrator."""

import contextlib
import http.client
import json
import os
import signal
import subprocess
import time
from pathlib import Path

FLEET = Path("/root/remuda.yaml")
A, B, BOXED, GATEWAY = "llama-cpp-tiny-a.service", "llama-cpp-tiny-b.service", "command-boxed.service", "remuda.service"
AS_GATEWAY = ("runuser", "-u", "remuda", "--", "env", "XDG_RUNTIME_DIR=/run/remuda", "XDG_STATE_HOME=/var/lib")
TIMEOUT_S = 30.0
EXPOSURE_MAX = 4.0


def said(*argv: str, expected: int = 0) -> str:
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == expected, f"{argv}: {done.returncode}\n{done.stdout}"
    return done.stdout.strip()


def remuda(*arguments: str, expected: int = 0) -> str:
    return said("/opt/remuda/bin/remuda", *arguments, expected=expected)


def pid(unit: str) -> int:
    return int(said("systemctl", "show", "--property=MainPID", "--value", unit))


def is_up(unit: str) -> bool:
    """Whether it runs; systemd may hear a moment later than the gateway that it can serve."""
    done = subprocess.run(["systemctl", "is-active", unit], stdout=subprocess.PIPE, text=True, check=False)
    return done.stdout.strip() in {"active", "activating"}


def ask(model: str) -> tuple[int, str]:
    """The status of the gateway's answer, and the model that it is of, or what it says instead."""
    body = {"model": model, "messages": [{"role": "user", "content": "hello"}], "max_tokens": 2}
    client = http.client.HTTPConnection("127.0.0.1", 8080, timeout=TIMEOUT_S)
    with contextlib.closing(client):
        client.request("POST", "/v1/chat/completions", json.dumps(body), {"Authorization": "Bearer key-marker"})
        answer = client.getresponse()
        told = json.loads(answer.read())
    return answer.status, told["model"] if answer.status == 200 else told["error"]["message"]


def until_answered(model: str) -> None:
    """The gateway may have tried what was broken, and sees within seconds that it is mended."""
    deadline = time.monotonic() + TIMEOUT_S
    while (answer := ask(model)) != (200, model):
        assert time.monotonic() < deadline, answer
        time.sleep(0.1)


def edit(old: str, new: str) -> None:
    assert old in FLEET.read_text()
    FLEET.write_text(FLEET.read_text().replace(old, new))


def is_installed() -> None:
    """Nothing but the fleet file and the secrets is there; users, rules, units and the gateway come with `apply`."""
    for path, secret in (("/etc/secret/me.key", "key-marker"), ("/etc/credstore/token", "token-marker")):
        Path(path).parent.mkdir(mode=0o700, exist_ok=True)
        Path(path).write_text(f"{secret}\n")
        Path(path).chmod(0o600)
    FLEET.write_bytes(Path("/shared/remuda.yaml").read_bytes())
    told = remuda("apply", "systemd", "-f", str(FLEET))
    assert "+ systemd-sysusers /etc/sysusers.d/remuda.conf" in told
    assert "generation 1 is applied" in told
    assert said("systemctl", "is-enabled", "remuda.socket", GATEWAY).split() == ["enabled", "enabled"]


def is_held_short() -> None:
    """What runs has a user of its own and few rights; the gateway manages its own units only."""
    assert ask("tiny-a") == (200, "tiny-a")
    for unit, user in ((GATEWAY, "remuda"), (A, "remuda-llama-cpp")):
        assert said("stat", "--format=%U", f"/proc/{pid(unit)}") == user
        said("systemd-analyze", "security", "--no-pager", f"--threshold={EXPOSURE_MAX * 10:.0f}", unit)
    assert b"TOKEN=token-marker" in Path(f"/proc/{pid(A)}/environ").read_bytes().split(b"\0")
    control = (*AS_GATEWAY, "systemctl", "--no-ask-password")
    assert "authentication required" in said(*control, "stop", "dbus.service", expected=1)
    said(*control, "stop", A)
    assert not is_up(A)


def swaps() -> None:
    """Native services and a container take turns, as the gateway says over the system's bus."""
    assert ask("tiny-b") == (200, "tiny-b")
    said(*AS_GATEWAY, "/opt/remuda/bin/remuda", "load", "boxed", "-f", "/etc/remuda/remuda.yaml")
    assert said("podman", "ps", "--format={{.Names}}") == "systemd-command-boxed"
    assert ask("tiny-a") == (200, "tiny-a")
    assert [is_up(unit) for unit in (A, B, BOXED)] == [True, False, True]


def dies() -> None:
    """An engine that is killed is there again for the next request; a fresh gateway finds those that run."""
    before = pid(A)
    os.kill(before, signal.SIGKILL)
    while pid(A) == before:
        time.sleep(0.01)
    assert ask("tiny-a") == (200, "tiny-a")
    engines, gateway = (pid(A), pid(BOXED)), pid(GATEWAY)
    said("systemctl", "restart", GATEWAY)
    assert ask("tiny-a") == (200, "tiny-a")
    assert (pid(A), pid(BOXED)) == engines
    assert pid(GATEWAY) != gateway


def changes() -> None:
    """A change of one leaves the others alone; one that cannot start takes everything back by itself."""
    assert ask("tiny-b") == (200, "tiny-b")
    before = pid(GATEWAY), pid(BOXED)
    edit("settings: {}", "settings: {ctx-size: 128}")
    assert f"restart  {B}" in remuda("apply", "systemd", "-f", str(FLEET))
    assert ask("tiny-b") == (200, "tiny-b")
    edit("ctx-size: 128", "ctx-size: 128, no-such-flag: 1")
    told = remuda("apply", "systemd", "-f", str(FLEET), expected=6)
    assert f"cannot restart `{B}`" in told
    assert "no such flag in the embedded llama.cpp: `--no-such-flag`" in told, told
    assert "generation 2 is back" in told
    until_answered("tiny-b")
    assert b"--ctx-size\x00128" in Path(f"/proc/{pid(B)}/cmdline").read_bytes()
    assert (pid(GATEWAY), pid(BOXED)) == before
    remuda("rollback")
    assert ask("tiny-b") == (200, "tiny-b")
    assert b"--ctx-size" not in Path(f"/proc/{pid(B)}/cmdline").read_bytes()


def keeps_secrets() -> None:
    """No value is where anybody could read it."""
    places = ("/etc/remuda", "/etc/systemd", "/etc/containers", "/var/lib/remuda", "/var/cache/remuda", "/run/remuda")
    said("grep", "--recursive", "--files-with-matches", "marker", *places, expected=1)
    assert "marker" not in said("journalctl", "--no-pager", "--output=export")
    assert "marker" not in said("systemctl", "show", A, B, BOXED, GATEWAY)


for chapter in (is_installed, is_held_short, swaps, dies, changes, keeps_secrets):
    chapter()
said("systemctl", "stop", "remuda.socket", GATEWAY)
assert not any(map(is_up, (A, B, BOXED)))
