"""Scopes by a stand-in for `systemd-run`, and by a real systemd of a user, alone in namespaces of its own."""

import json
import sys
from pathlib import Path

import pytest

from remuda.edge.scopes import Scopes, find_scopes
from tests.edge.systemd.private_user import private_user

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


def test_what_leaves_an_engine_ends_with_its_scope(tmp_path: Path) -> None:
    said = private_user(tmp_path).run([sys.executable, "-c", CODE])
    stayed, went = json.loads(said)
    assert stayed.pop("scope").startswith("remuda-engine-a_b-")
    assert stayed == {
        "is_member": True,
        "is_gone": True,
        "limits": ["CPUQuotaPerSecUSec=500ms", "MemoryMax=1073741824"],
    }
    assert went == {"is_member": True, "is_gone": True, "scope": None, "limits": []}
