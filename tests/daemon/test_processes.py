from pathlib import Path

import pytest

from remuda.daemon.processes import Processes
from remuda.edge.cgroups import Cgroups
from remuda.plan.care import Care
from tests.daemon.fleet_of_fakes import fake

LIMITED = fake(care=Care(memory_bytes=2**30, cpus=2))


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
