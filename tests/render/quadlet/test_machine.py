"""Rendered units on a real machine: a Debian of `scripts/setup-machine`, booted as a container, with podman 5.

The image is made on the spot: busybox, whose web server is the engine and whose `wget` passes for `curl`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from remuda.edge.rendered import write
from remuda.plan.check import load_fleet
from remuda.render.contract import Request
from remuda.render.quadlet import target

MACHINE = Path(__file__).parents[3] / ".tools" / "machine"
AWKWARD = 'a $$b 50% \\"c\\" \\\\'
FLEET = """
engines: {{command: {{{account}, environment: {{TOKEN: "${{file:/shared/token}}", ODD: "{awkward}"}}}}}}
models:
  one: {{{common}, port: {port}}}
  two: {{{common}, port: {next_port}}}
lint: {{model_ids: "off"}}
"""
COMMON = (
    'cmd: ["httpd", "-f", "-p", "127.0.0.1:${PORT}", "-h", "/www"], runtime: podman, network: host, '
    'image: localhost/x, tag: "1", devices: [cpu]'
)
BOOT = """
umount -R /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir -p /sys/fs/cgroup/remuda-machine && echo $$ >/sys/fs/cgroup/remuda-machine/cgroup.procs
exec "$1/programs/usr/bin/systemd-nspawn" -q --ephemeral -D "$1/tree" --register=no --keep-unit --link-journal=no \
    --console=pipe --capability=all --bind="$2:/shared" --system-call-filter="add_key keyctl bpf" -b
"""

SWEEP = """
umount -R /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup
find /sys/fs/cgroup/remuda-machine -depth -type d -exec rmdir {} +
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(180),
    pytest.mark.skipif(not (MACHINE / "ready").exists(), reason="scripts/setup-machine has not been run"),
    pytest.mark.skipif(os.geteuid() != 0, reason="booting a machine takes root"),
]


class Machine:
    """A booted machine, by the process that is its init."""

    def __init__(self, leader: int) -> None:
        self._leader = leader

    def run(self, *command: str) -> str:
        enter = ["nsenter", "-t", str(self._leader), "-a", *command]
        result = subprocess.run(enter, check=False, capture_output=True, text=True, timeout=60)
        if result.returncode != 0:
            journal = subprocess.run(
                [*enter[:4], "journalctl", "-n", "40", "--no-pager"], check=False, capture_output=True
            )
            pytest.fail(result.stdout + result.stderr + journal.stdout.decode(errors="replace"))
        return result.stdout


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the machine sees at `/shared`: the image, a secret, and a fleet of each kind, rendered."""
    directory = tmp_path_factory.mktemp("shared")
    directory.chmod(0o755)
    image(directory)
    (directory / "token").write_text("s3cret-marker\n")
    for kind, account, port in (("system", "user: root", 18101), ("user", "uid: 503, sub_uid_start: 300000", 18111)):
        text = FLEET.format(account=account, awkward=AWKWARD, common=COMMON, port=port, next_port=port + 1)
        fleet, _, _ = load_fleet(text, "remuda.yaml")
        write(directory / kind, "quadlet", target.render(Request(fleet)))
    return directory


def image(directory: Path) -> None:
    files = directory / "image"
    (files / "bin").mkdir(parents=True)
    (files / "www").mkdir()
    (files / "tmp").mkdir()
    shutil.copy(MACHINE / "programs/bin/busybox", files / "bin/busybox")
    for name in ("sh", "httpd", "wget", "env"):
        (files / "bin" / name).symlink_to("busybox")
    (files / "bin/curl").write_text('#!/bin/sh\nfor last; do :; done\nexec wget -q -O - "$last"\n')
    (files / "bin/curl").chmod(0o755)
    (files / "www/health").write_text("ok")
    with tarfile.open(directory / "image.tar", "w") as archive:
        archive.add(files, ".")


@pytest.fixture(scope="module")
def machine(shared: Path) -> Iterator[Machine]:
    command = ["unshare", "--mount", "--propagation", "private", "sh", "-ec", BOOT, "sh", str(MACHINE), str(shared)]
    with (shared.parent / "boot.log").open("wb") as log:
        booted = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        found = Machine(leader(booted, shared.parent / "boot.log"))
        found.run("podman", "import", "/shared/image.tar", "localhost/x:1")
        yield found
        found.run("systemctl", "poweroff")
        booted.wait(60)
    finally:
        booted.kill()
        booted.wait()
        subprocess.run(["unshare", "--mount", "--propagation", "private", "sh", "-ec", SWEEP], check=True)


def leader(booted: subprocess.Popen[bytes], log: Path) -> int:
    """The machine's init, once it has come up."""
    children = Path(f"/proc/{booted.pid}/task/{booted.pid}/children")
    end = time.monotonic() + 60
    while time.monotonic() < end and booted.poll() is None:
        for child in children.read_text().split():
            probe = ["nsenter", "-t", child, "-a", "systemctl", "is-system-running"]
            answer = subprocess.run(probe, check=False, capture_output=True, text=True, timeout=60).stdout.strip()
            if answer in ("running", "degraded"):
                return int(child)
        time.sleep(0.2)
    raise AssertionError(log.read_text(errors="replace"))


def test_units_of_the_system(machine: Machine) -> None:
    machine.run("/shared/system/prepare", "--apply")
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "start", "command-one.service", "command-two.service")
    environment = machine.run("podman", "exec", "systemd-command-one", "env").splitlines()
    assert {"TOKEN=s3cret-marker", 'ODD=a $b 50% "c" \\'} <= set(environment)
    assert started_in_order(machine, "systemctl")
    machine.run("systemctl", "stop", "command-one.service", "command-two.service")
    assert "everything is prepared" in machine.run("/shared/system/prepare", "--apply")


def test_units_of_a_user_of_their_own(machine: Machine) -> None:
    machine.run("/shared/user/prepare", "--apply")
    own = ["runuser", "-u", "command", "--", "env", "-C", "/", "XDG_RUNTIME_DIR=/run/user/503"]
    machine.run(*own, "podman", "import", "/shared/image.tar", "localhost/x:1")
    manager = ("systemctl", "--user", "-M", "command@")
    machine.run(*manager, "daemon-reload")
    machine.run(*manager, "start", "command-one.service", "command-two.service")
    assert "TOKEN=s3cret-marker" in machine.run(*own, "podman", "exec", "systemd-command-two", "env").splitlines()
    assert started_in_order(machine, *manager)
    machine.run(*manager, "stop", "command-one.service", "command-two.service")
    assert "everything is prepared" in machine.run("/shared/user/prepare", "--apply")


def moment(machine: Machine, manager: Sequence[str], unit: str, event: str) -> int:
    """When something happened to a unit, in microseconds since the machine came up."""
    return int(machine.run(*manager, "show", "-P", f"{event}TimestampMonotonic", unit))


def started_in_order(machine: Machine, *manager: str) -> bool:
    """Whether the second unit was not even begun before the first was ready."""
    ready = moment(machine, manager, "command-one.service", "ActiveEnter")
    return 0 < ready <= moment(machine, manager, "command-two.service", "InactiveExit")
