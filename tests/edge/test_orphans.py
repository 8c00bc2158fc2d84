"""Grandchildren whose wrapper has ended, as a daemon meets them."""

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from remuda.edge import process
from remuda.edge.orphans import Reaper, adopt_orphans
from remuda.edge.process_table import stat

# A wrapper that starts a server in a session of its own, and ends before it.
WRAPPER = """
import subprocess, sys
server = [sys.executable, "-c", "import time; time.sleep(60)"]
middle = "import subprocess, sys; print(subprocess.Popen(sys.argv[1:], start_new_session=True).pid, flush=True)"
subprocess.run([sys.executable, "-c", middle, *server])
"""


@pytest.fixture(autouse=True)
def reaping() -> Iterator[None]:
    assert adopt_orphans()
    yield
    adopt_orphans(wanted=False)


def spawn(code: str, directory: Path) -> process.Process:
    argv = [sys.executable, "-c", code]
    return process.spawn(argv, environment=os.environ, directory=directory, log=directory / "log")


async def test_an_orphan_is_found_by_its_mark_and_ended(tmp_path: Path) -> None:
    started = spawn(WRAPPER, tmp_path)
    await started.exited
    orphan = int((tmp_path / "log").read_text())
    found = stat(orphan)
    assert found is not None
    assert found.parent == os.getpid()
    assert started.members() == [orphan]
    await started.sweep()
    reap_all()
    assert stat(orphan) is None


async def test_the_next_daemon_ends_what_a_process_left_that_ended_meanwhile(tmp_path: Path) -> None:
    started = spawn(WRAPPER, tmp_path)
    await started.exited
    orphan = int((tmp_path / "log").read_text())
    await process.end_leftovers(started.identity)
    reap_all()
    assert stat(orphan) is None


async def test_only_zombies_that_nobody_waits_for_are_reaped(tmp_path: Path) -> None:
    started = spawn("", tmp_path)
    reaper = Reaper()
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)  # noqa: ASYNC222  it ends at once
    reaper.reap()
    assert stat(pid) is not None, "who started it may be about to wait for it"
    reaper.reap()
    assert stat(pid) is None
    assert await started.exited == 0


async def test_what_is_not_marked_is_not_ours(tmp_path: Path) -> None:
    started, other = spawn("import time; time.sleep(60)", tmp_path), spawn("import time; time.sleep(60)", tmp_path)
    assert started.identity.mark != other.identity.mark
    await started.stop(signal.SIGKILL, 0)
    assert other.members() == [other.pid]
    await asyncio.gather(other.stop(signal.SIGKILL, 0))


def reap_all() -> None:
    reaper = Reaper()
    reaper.reap()
    reaper.reap()
