from pathlib import Path

import pytest

from remuda.daemon.processes import Processes
from remuda.daemon.runtimes import Start
from remuda.edge.cgroups import Cgroups
from remuda.edge.scopes import Scopes
from remuda.engines.contract import Order
from remuda.plan.care import Care
from tests.daemon.fleet_of_fakes import fake

LIMITED = fake(care=Care(memory_bytes=2**30, cpus=2))


STANDS_IN = """#!/bin/sh
while [ "$1" != -- ]; do echo "$1"; shift; done
shift
exec "$@"
"""


@pytest.mark.parametrize(
    ("controllers", "unenforced"),
    [
        (None, ("memory", "cpus")),
        (frozenset(), ("memory", "cpus")),
        (frozenset({"memory"}), ("cpus",)),
        (frozenset({"memory", "cpu"}), ()),
    ],
)
def test_limits_that_nothing_would_enforce_are_named(
    tmp_path: Path, controllers: frozenset[str] | None, unenforced: tuple[str, ...]
) -> None:
    cgroups = None if controllers is None else Cgroups(tmp_path, controllers)
    processes = Processes(tmp_path, {}, cgroups)
    assert processes.unenforced(LIMITED) == unenforced
    assert processes.unenforced(fake()) == ()
    if controllers is not None:
        assert Processes(tmp_path, {}, Scopes("systemd-run", controllers)).unenforced(LIMITED) == unenforced


async def test_where_no_cgroup_can_be_made_a_program_runs_in_a_scope_with_its_limits(tmp_path: Path) -> None:
    program, log = tmp_path / "systemd-run", tmp_path / "log"
    program.write_text(STANDS_IN)
    program.chmod(0o700)
    processes = Processes(tmp_path, {"PATH": "/usr/bin:/bin"}, Scopes(str(program), frozenset()))
    order = Order("fake", (), "127.0.0.1", 1, cmd=("echo", "I am"))
    running = await processes.start(Start(LIMITED, 1, order, log))
    assert await running.exited == 0
    *options, said = log.read_text().splitlines()
    assert said == "I am"
    assert options[-2:] == ["--property=MemoryMax=1073741824", "--property=CPUQuota=200%"]


@pytest.mark.parametrize("program", ["./serve", "bin/../serve"])
async def test_a_relative_program_and_its_files_are_those_beside_the_fleet_file(tmp_path: Path, program: str) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "serve").write_text("#!/bin/sh\ncat ./template\n")
    (tmp_path / "serve").chmod(0o700)
    (tmp_path / "template").write_text("mine")
    order = Order("fake", (), "127.0.0.1", 1, cmd=(program,))
    running = await Processes(tmp_path, {"PATH": "/usr/bin:/bin"}).start(Start(fake(), 1, order, tmp_path / "log"))
    assert await running.exited == 0
    assert (tmp_path / "log").read_text() == "mine"
