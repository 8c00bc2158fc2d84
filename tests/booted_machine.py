"""A Debian of `scripts/setup-machine`, booted as a container: systemd is its init, and podman 5 and Remuda are there.

It is booted with a copy of its files, sees the sources at `/remuda` and a directory of the test's at
`/shared`, and has a network of its own. Its processes are in a cgroup of their own, whose name no other test has, and
are gone with the test, however that ends.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MACHINE = ROOT / ".tools" / "machine"
BOOT = """
umount -R /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir "/sys/fs/cgroup/$4" && echo $$ >"/sys/fs/cgroup/$4/cgroup.procs"
exec "$1/programs/usr/bin/systemd-nspawn" -q --ephemeral -D "$1/tree" --register=no --keep-unit --link-journal=no \
    --console=pipe --private-network --capability=all --bind="$2:/shared" \
    --bind="$3/src:/remuda/src" --bind="$3/tests:/remuda/tests" --system-call-filter="add_key keyctl bpf" -b
"""
SWEEP = """
umount -R /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup
cd "/sys/fs/cgroup/$1" 2>/dev/null || exit 0
echo 1 >cgroup.kill
while grep -q "populated 1" cgroup.events; do sleep 0.05; done
cd .. && find "$1" -depth -type d -exec rmdir {} +
"""
LIMIT_S = 60

NEEDED = [
    pytest.mark.slow,
    pytest.mark.timeout(180),
    pytest.mark.skipif(
        not all((MACHINE / name).exists() for name in ("ready", "tree/opt/remuda")),
        reason="scripts/setup-machine has not been run",
    ),
    pytest.mark.skipif(os.geteuid() != 0, reason="booting a machine takes root"),
]
"""The marks of tests that boot it."""


class Machine:
    """A booted machine, by the process that is its init."""

    def __init__(self, leader: int) -> None:
        self._leader = leader

    def run(self, *command: str, limit_s: float = LIMIT_S) -> str:
        enter = ["nsenter", "-t", str(self._leader), "-a", *command]
        result = subprocess.run(enter, check=False, capture_output=True, text=True, timeout=limit_s)
        if result.returncode != 0:
            journal = subprocess.run(
                [*enter[:4], "journalctl", "-n", "40", "--no-pager"], check=False, capture_output=True
            )
            pytest.fail(result.stdout + result.stderr + journal.stdout.decode(errors="replace"))
        return result.stdout


@contextlib.contextmanager
def booted(shared: Path) -> Iterator[Machine]:
    """The machine, with this directory as its `/shared`."""
    cgroup, log = f"remuda-machine-{os.getpid()}-{time.monotonic_ns()}", shared.parent / f"{shared.name}-boot.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*_mounting(BOOT), str(MACHINE), str(shared), str(ROOT), cgroup],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        yield Machine(_leader(process, log))
    finally:
        process.terminate()  # it lets the machine power off, and removes the copy of its files
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(LIMIT_S)
        process.kill()
        process.wait()
        subprocess.run([*_mounting(SWEEP), cgroup], check=True, timeout=LIMIT_S)


def _mounting(script: str) -> list[str]:
    """A script that sees its own mounts only."""
    return ["unshare", "--mount", "--propagation", "private", "sh", "-ec", script, "sh"]


def _leader(process: subprocess.Popen[bytes], log: Path) -> int:
    """The machine's init, once it has come up."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end and process.poll() is None:
        for child in children.read_text().split():
            probe = ["nsenter", "-t", child, "-a", "systemctl", "is-system-running"]
            answer = subprocess.run(probe, check=False, capture_output=True, text=True, timeout=LIMIT_S).stdout.strip()
            if answer in ("running", "degraded"):
                return int(child)
        time.sleep(0.2)
    raise AssertionError(log.read_text(errors="replace"))


def write_image(directory: Path) -> None:
    """`image.tar`, to be imported: busybox, whose web server is an engine and whose `wget` passes for `curl`."""
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
