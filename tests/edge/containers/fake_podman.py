"""A podman that contains nothing: it records each call and runs a container's command as a process of this machine.

It takes the words of podman's and docker's command lines that Remuda uses. Its state is in the directory
`FAKE_PODMAN`: a file a container, `calls.jsonl`, and what a test puts there:

    images        one image a line that is already here
    fail-COMMAND  what that command says on its standard error, before it ends with status 125
    stubborn      how many times `rm` is to say that the removal is in progress
    holds-output  let what `start` leaves behind hold its standard output open, as long as the container lives

A container's first process is PID 1 of a PID namespace of its own, by `unshare`.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

HOME = Path(os.environ.get("FAKE_PODMAN", "."))
FLAGS = {"--init", "--no-healthcheck", "--all", "--quiet", "--no-trunc", "--force", "--volumes", "--follow"}
UNSHARE = ("unshare", "--user", "--map-current-user", "--pid", "--fork", "--kill-child", "setsid")
POLL_S = 0.01


def say(text: str) -> None:
    print(text, file=sys.stderr)


def options(words: list[str]) -> tuple[dict[str, list[str]], list[str]]:
    """Options with their values, and the words after them."""
    found: dict[str, list[str]] = {}
    rest = list(words)
    while rest and rest[0].startswith("--"):
        flag = rest.pop(0)
        found.setdefault(flag, []).append("" if flag in FLAGS else rest.pop(0))
    return found, rest


def load(name: str) -> dict[str, Any] | None:
    for path in HOME.glob("*.container"):
        container: dict[str, Any] = json.loads(path.read_text())
        if name in (container["Id"], container["Name"]):
            return container
    return None


def save(container: dict[str, Any]) -> None:
    path = HOME / f"{container['Id']}.container"
    path.with_suffix(".new").write_text(json.dumps(container))
    path.with_suffix(".new").replace(path)


def absent(name: str) -> int:
    say(f'Error: no container with name or ID "{name}" found: no such container')
    return 125


def image(words: list[str]) -> int:
    return 0 if words[-1] in (HOME / "images").read_text().splitlines() else 1


def pull(words: list[str]) -> int:
    say(f"Trying to pull {words[0]}...")
    with (HOME / "images").open("a") as images:
        images.write(words[0] + "\n")
    print("Copying blob sha256:0123")
    return 0


def create(words: list[str]) -> int:
    found, (_, *arguments) = options(words)
    if load(found["--name"][0]):
        say(f'Error: creating container storage: the container name "{found["--name"][0]}" is already in use')
        return 125
    lines = Path(found["--env-file"][0]).read_text().splitlines()
    container = {
        "Id": os.urandom(32).hex(),
        "Name": found["--name"][0],
        "State": {"Pid": 0, "ExitCode": 0, "OOMKilled": False},
        "Config": {"Labels": dict(label.split("=", 1) for label in found["--label"])},
        "HostConfig": {"NetworkMode": found.get("--network", ["bridge"])[0]},
        "command": [*found["--entrypoint"], *arguments],
        "environment": dict(line.split("=", 1) for line in lines),
        "environment_mode": oct(Path(found["--env-file"][0]).stat().st_mode & 0o777),
    }
    save(container)
    print(container["Id"])
    return 0


def start(words: list[str]) -> int:
    container = load(words[0])
    if container is None:
        return absent(words[0])
    output = None if (HOME / "holds-output").exists() else subprocess.DEVNULL
    subprocess.Popen(
        (sys.executable, __file__, "conmon", container["Id"]), start_new_session=True, stdout=output, stderr=output
    )
    while not load(words[0])["State"]["Pid"] and not (HOME / f"{container['Id']}.ended").exists():  # type: ignore[index]
        time.sleep(POLL_S)
    return 0


def conmon(words: list[str]) -> int:
    container = load(words[0])
    assert container is not None
    environment = {**os.environ, **container["environment"]}
    with (HOME / f"{words[0]}.log").open("ab") as log:
        process = subprocess.Popen(
            (*UNSHARE, *container["command"]), stdout=log, stderr=log, env=environment, start_new_session=True
        )
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while process.poll() is None and not (pids := children.read_text().split()):
        time.sleep(POLL_S)
    if process.poll() is None:
        container["State"]["Pid"] = int(pids[0])
        save(container)
    status = process.wait()
    (HOME / f"{words[0]}.ended").touch()
    container["State"] = {
        "Pid": 0,
        "ExitCode": 137 if (HOME / f"{words[0]}.killed").exists() else status,
        "OOMKilled": "--oom" in container["command"],
    }
    if (HOME / f"{words[0]}.container").exists():
        save(container)
    return 0


def kill(words: list[str]) -> int:
    found, (name,) = options(words)
    container = load(name)
    if container is None or not container["State"]["Pid"]:
        say("Error: can only kill running containers")
        return 125
    end(container, int(found["--signal"][0]))
    return 0


def end(container: dict[str, Any], number: int) -> None:
    if number == signal.SIGKILL:  # which unshare does not pass on in its status
        (HOME / f"{container['Id']}.killed").touch()
    os.kill(container["State"]["Pid"], number)


def rm(words: list[str]) -> int:
    _, (name,) = options(words)
    container = load(name)
    if container is None:
        return 0
    stubborn = HOME / "stubborn"
    left = int(stubborn.read_text()) if stubborn.exists() else 0
    if left:
        stubborn.write_text(str(left - 1))
        say(f"Error: removal of container {name} is already in progress")
        return 1
    if container["State"]["Pid"]:
        end(container, signal.SIGKILL)
    (HOME / f"{container['Id']}.container").unlink(missing_ok=True)
    return 0


def inspect(words: list[str]) -> int:
    container = load(words[1])
    if container is None:
        print("[]")
        return absent(words[1])
    print(json.dumps([container]))
    return 0


def ps(words: list[str]) -> int:
    found, _ = options(words)
    wanted = dict(word.removeprefix("label=").split("=", 1) for word in found["--filter"])
    for path in sorted(HOME.glob("*.container")):
        container = json.loads(path.read_text())
        if wanted.items() <= container["Config"]["Labels"].items():
            print(container["Id"])
    return 0


def logs(words: list[str]) -> int:
    found, (name,) = options(words)
    container = load(name)
    if container is None:
        return absent(name)
    with (HOME / f"{container['Id']}.log").open("rb") as log:
        if "--since" in found:
            log.seek(0, os.SEEK_END)
        is_over = False
        while not is_over:
            is_over = (HOME / f"{container['Id']}.ended").exists()
            sys.stdout.buffer.write(log.read())
            sys.stdout.buffer.flush()
            time.sleep(POLL_S)
    return 0


COMMANDS = {
    "image": image,
    "pull": pull,
    "create": create,
    "start": start,
    "conmon": conmon,
    "kill": kill,
    "rm": rm,
    "container": inspect,
    "ps": ps,
    "logs": logs,
}


def main(words: list[str]) -> int:
    if words[0] != "conmon":
        with (HOME / "calls.jsonl").open("a") as calls:
            calls.write(json.dumps(words) + "\n")
    refusal = HOME / f"fail-{words[0]}"
    if refusal.exists():
        say(refusal.read_text())
        return 125
    return COMMANDS[words[0]](words[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
