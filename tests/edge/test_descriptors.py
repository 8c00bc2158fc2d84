from __future__ import annotations

import json
import resource
import subprocess
import sys

import pytest

PROGRAM = """
import json, pathlib, resource
from remuda.edge.descriptors import make_room
before = sorted(pathlib.Path("/proc/self/fd").iterdir())
make_room()
make_room()
status = dict(line.split(":", 1) for line in pathlib.Path("/proc/self/status").read_text().splitlines())
after = sorted(pathlib.Path("/proc/self/fd").iterdir())
print(json.dumps([resource.getrlimit(resource.RLIMIT_NOFILE), int(status["FDSize"]), len(after) - len(before)]))
"""


def room(soft: int, hard: int) -> tuple[list[int], int, int]:
    """The limits afterwards, how large the table is, how many more descriptors are open."""
    limit = f"--nofile={soft}:{hard}"
    told = subprocess.run(["prlimit", limit, sys.executable, "-c", PROGRAM], capture_output=True, check=True, text=True)
    limits, size, left = json.loads(told.stdout)
    return limits, size, left


@pytest.mark.parametrize(
    ("soft", "hard", "limit", "size"),
    [(256, 4096, 4096, 4096), (4096, 4096, 4096, 4096), (64, 64, 64, 64)],
)
def test_there_is_as_much_room_as_may_be_used(soft: int, hard: int, limit: int, size: int) -> None:
    limits, table, left = room(soft, hard)
    assert (limits, left) == ([limit, hard], 0)
    assert table >= size


def test_there_is_room_for_thousands_of_streams_where_the_system_allows_it() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 20_000:
        pytest.skip(f"this process may not have more than {hard} descriptors")
    limits, table, _ = room(1024, hard)
    assert limits[0] == min(hard, 65_536)
    assert 16_384 <= table < 65_536
