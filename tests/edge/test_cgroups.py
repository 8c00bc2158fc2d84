"""Cgroups over a directory that looks like one, and over the kernel's own where this user may make some."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from remuda.edge import process
from remuda.edge.cgroups import Cgroup, Cgroups, cgroup_named, cgroup_of, find_cgroups
from remuda.edge.process_table import stat
from remuda.errors import EffectError

LEAVES = """
import subprocess, sys, time
while "remuda-engine-" not in open("/proc/self/cgroup").read():
    time.sleep(0.001)
child = [sys.executable, "-c", "import time; time.sleep(60)"]
away = subprocess.Popen(child, start_new_session=True, env={})
print(away.pid, flush=True)
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path


def test_limits_are_written_where_they_are_asked_for(root: Path) -> None:
    made = Cgroups(root, frozenset({"memory", "cpu"})).make("a/b:c", memory_bytes=2**30, cpus=1.5)
    assert made is not None
    assert made.path.name.startswith("remuda-engine-a_b_c-")
    assert (made.path / "memory.max").read_text() == str(2**30)
    assert (made.path / "cpu.max").read_text() == "150000 100000"


def test_without_limits_nothing_is_written_and_names_do_not_meet(root: Path) -> None:
    groups = Cgroups(root, frozenset())
    first, second = groups.make("same"), groups.make("same")
    assert first is not None
    assert second is not None
    assert first.path != second.path
    assert list(first.path.iterdir()) == []


def test_where_none_can_be_made_there_is_none(root: Path) -> None:
    assert Cgroups(root / "absent", frozenset()).make("x") is None


@pytest.mark.parametrize(
    ("events", "expected"), [("oom 1\noom_kill 1\n", True), ("oom 3\noom_kill 0\n", False), (None, False)]
)
def test_the_kernel_tells_whether_memory_ran_out(root: Path, events: str | None, *, expected: bool) -> None:
    if events is not None:
        (root / "memory.events").write_text(events)
    assert Cgroup(root).is_out_of_memory is expected


def test_the_pids_below_count_too(root: Path) -> None:
    (root / "below").mkdir()
    (root / "cgroup.procs").write_text("1\n2\n")
    (root / "below" / "cgroup.procs").write_text("3\n")
    assert Cgroup(root).pids() == {1, 2, 3}
    assert Cgroup(root / "absent").pids() == set()


@pytest.fixture
def real() -> Cgroups:
    found = find_cgroups()
    if found is None:
        pytest.skip("this user may not make cgroups of version 2 here")
    return found


async def test_a_process_that_left_session_parent_and_environment_ends_with_its_cgroup(
    real: Cgroups, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    group = real.make("test")
    assert group is not None
    argv = [sys.executable, "-c", LEAVES]
    started = process.spawn(argv, environment=os.environ, directory=tmp_path, log=log, cgroup=group)
    assert cgroup_of(started.pid) == group
    await started.exited
    left = int(log.read_text())
    assert started.members() == [left]
    await started.stop(signal.SIGTERM, 0)
    found = stat(left)
    assert found is None or found.is_zombie
    assert not group.path.exists()


async def test_a_program_that_cannot_be_executed_leaves_no_cgroup(real: Cgroups, tmp_path: Path) -> None:
    group = real.make("test")
    assert group is not None
    with pytest.raises(EffectError):
        process.spawn(["/no/such"], environment={}, directory=tmp_path, log=tmp_path / "log", cgroup=group)
    assert not group.path.exists()


async def test_an_adopted_process_keeps_its_cgroup(real: Cgroups, tmp_path: Path) -> None:
    group = real.make("test")
    argv = [sys.executable, "-c", "import time; time.sleep(60)"]
    started = process.spawn(argv, environment=os.environ, directory=tmp_path, log=tmp_path / "log", cgroup=group)
    adopted = process.adopt(started.identity)
    assert adopted is not None
    await asyncio.gather(adopted.stop(signal.SIGKILL, 0), started.exited)
    assert group is not None
    assert not group.path.exists()


def test_this_process_is_in_no_engines_cgroup() -> None:
    assert cgroup_of(os.getpid()) is None


async def test_a_cgroup_is_found_by_its_name_and_only_by_that(real: Cgroups, tmp_path: Path) -> None:
    group = real.make("test")
    argv = [sys.executable, "-c", "import time; time.sleep(60)"]
    started = process.spawn(argv, environment=os.environ, directory=tmp_path, log=tmp_path / "log", cgroup=group)
    assert group is not None
    assert cgroup_named(started.pid, group.path.name) == group
    assert cgroup_named(started.pid, "engine.service") is None
    await started.sweep()
