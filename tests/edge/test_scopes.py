"""Scopes by a stand-in for `systemd-run`, and by a real systemd of a user, alone in namespaces of its own."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from remuda.edge.scopes import Scopes, find_scopes

SYSTEMD = Path("/lib/systemd/systemd")
CGROUPS = next(
    (path for path in map(Path, ("/sys/fs/cgroup/unified", "/sys/fs/cgroup")) if (path / "cgroup.procs").exists()), None
)

NAMESPACES = """
mkdir "$CGROUP" && echo $$ > "$CGROUP/cgroup.procs" || exit 77
unshare --cgroup --mount --pid --fork --mount-proc true || exit 77
exec unshare --cgroup --mount --pid --fork --mount-proc --kill-child --propagation private sh -c '
    umount -R /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup && mount -t tmpfs tmpfs /run || exit 77
    mkdir -p /run/systemd/system "$XDG_RUNTIME_DIR"
    "$SYSTEMD" --user > "$LOG" 2>&1 &
    until [ -S "$XDG_RUNTIME_DIR/systemd/private" ]; do kill -0 $! || exit 77; sleep 0.01; done
    systemctl --user --wait is-system-running > /dev/null
    exec "$PYTHON" -c "$CODE"'
"""
CODE = """
import asyncio, json, os, signal, subprocess, sys, time
from pathlib import Path
import uvloop
from remuda.edge import process
from remuda.edge.process_table import stat
from remuda.edge.scopes import find_scopes

LEAVES = '''
import subprocess, sys, time
child = [sys.executable, "-c", "import time; time.sleep(60)"]
away = subprocess.Popen(child, start_new_session=True, env={})
print(away.pid, flush=True)
if sys.argv[1] == "stays":
    time.sleep(60)
'''

async def ended(scopes, how):
    log = Path(os.environ["LOG"] + how)
    argv = (*scopes.argv("a/b", memory_bytes=2**30, cpus=0.5), sys.executable, "-c", LEAVES, how)
    started = process.spawn(argv, environment=os.environ, directory=log.parent, log=log)
    while not (log.exists() and log.read_text().endswith("\\n")):
        await asyncio.sleep(0.01)
    away, scope = int(log.read_text()), None
    if how == "stays":
        scope = Path(f"/proc/{started.pid}/cgroup").read_text().splitlines()[-1].rpartition("/")[2]
    else:
        await started.exited
    members = started.members()
    shown = ["systemctl", "--user", "show", "--property=MemoryMax,CPUQuotaPerSecUSec", str(scope)]
    limits = subprocess.run(shown, capture_output=True, text=True).stdout.split()
    await started.stop(signal.SIGTERM, 5)
    left = stat(away)
    return {
        "is_member": away in members,
        "is_gone": left is None or left.is_zombie,
        "scope": scope,
        "limits": sorted(limits) if scope else [],
    }

async def main():
    scopes = find_scopes(os.environ)
    print(json.dumps([await ended(scopes, how) for how in ("stays", "goes")]))

uvloop.run(main())
"""


def test_limits_become_properties_of_a_scope_of_its_own() -> None:
    scopes = Scopes("/bin/systemd-run", frozenset())
    argv = scopes.argv("org/a:b", memory_bytes=2**30, cpus=1.5)
    assert argv[0] == "/bin/systemd-run"
    assert argv[-3:] == ("--property=MemoryMax=1073741824", "--property=CPUQuota=150%", "--")
    (unit,) = (word for word in argv if word.startswith("--unit="))
    assert unit.startswith("--unit=remuda-engine-org_a_b-")
    assert unit.endswith(".scope")
    assert unit not in scopes.argv("org/a:b")


@pytest.mark.parametrize(
    ("manager", "script", "found"),
    [
        (True, "exec cat /proc/self/cgroup", True),
        (True, "echo 'Failed to connect to bus' >&2; exit 1", False),
        (False, "exec cat /proc/self/cgroup", False),
        (True, None, False),
    ],
)
def test_there_are_scopes_where_a_manager_makes_one(
    tmp_path: Path, script: str | None, *, manager: bool, found: bool
) -> None:
    if manager:
        (tmp_path / "systemd").mkdir()
        (tmp_path / "systemd" / "private").touch()
    if script:
        program = tmp_path / "systemd-run"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o700)
    path = f"{tmp_path}:/usr/bin:/bin" if script else str(tmp_path)
    assert (find_scopes({"PATH": path, "XDG_RUNTIME_DIR": str(tmp_path)}) is not None) is found


def test_without_a_session_there_are_none() -> None:
    assert find_scopes({"PATH": "/usr/bin:/bin"}) is None


def remove(cgroup: Path) -> None:
    (cgroup / "cgroup.kill").write_text("1")
    while "populated 1" in (cgroup / "cgroup.events").read_text():
        time.sleep(0.01)
    for left in (*sorted((path for path in cgroup.rglob("*") if path.is_dir()), reverse=True), cgroup):
        left.rmdir()


def test_what_leaves_an_engine_ends_with_its_scope(tmp_path: Path) -> None:
    if CGROUPS is None or os.getuid() or not SYSTEMD.exists() or not all(map(shutil.which, ("unshare", "systemd-run"))):
        pytest.skip("this machine cannot run a systemd of its own: scopes are not tested")
    cgroup = CGROUPS / f"remuda-test-{os.getpid()}"
    environment = {
        **os.environ,
        "CGROUP": str(cgroup),
        "CODE": CODE,
        "LOG": str(tmp_path / "log"),
        "PYTHON": sys.executable,
        "SYSTEMD": str(SYSTEMD),
        "XDG_RUNTIME_DIR": "/run/user/test",
        "XDG_CONFIG_HOME": str(tmp_path),
    }
    try:
        argv = ["sh", "-c", NAMESPACES]
        done = subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=40, check=False)
    finally:
        if cgroup.exists():
            remove(cgroup)
    if done.returncode == 77:
        pytest.skip(f"this machine cannot run a systemd of its own: {done.stderr}")
    assert done.returncode == 0, done.stderr
    stayed, went = json.loads(done.stdout)
    assert stayed.pop("scope").startswith("remuda-engine-a_b-")
    assert stayed == {
        "is_member": True,
        "is_gone": True,
        "limits": ["CPUQuotaPerSecUSec=500ms", "MemoryMax=1073741824"],
    }
    assert went == {"is_member": True, "is_gone": True, "scope": None, "limits": []}
