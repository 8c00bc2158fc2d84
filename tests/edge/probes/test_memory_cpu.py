"""Real processes that take real memory."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator

from remuda.edge.probes.memory_cpu import Cpu, capacity

MIB = 1024**2

HOLDS = """
import mmap, os, sys
shared = mmap.mmap(-1, 64 << 20)
shared[:] = bytes(64 << 20)
if {forks} and not os.fork():
    shared[::4096]  # maps every page
own = bytearray({own} << 20)
print("up", flush=True)
sys.stdin.read()
"""


@contextlib.contextmanager
def engine(own_mib: int, *, forks: bool = False) -> Iterator[int]:
    code = HOLDS.format(own=own_mib, forks=forks)
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        for _ in range(1 + forks):
            assert process.stdout.readline() == "up\n"
        yield process.pid
        process.stdin.close()


def children(pid: int) -> list[int]:
    with open(f"/proc/{pid}/task/{pid}/children") as file:  # noqa: PTH123
        return [int(word) for word in file.read().split()]


def test_a_process_holds_its_resident_set_and_its_peak_is_known() -> None:
    with engine(100) as pid:
        (holder,) = Cpu().read("cpu", [pid]).holders
    assert holder.pid == pid
    assert holder.used_bytes is not None
    assert 164 * MIB < holder.used_bytes < 264 * MIB
    assert holder.peak_bytes >= holder.used_bytes
    assert 0 < holder.reclaimable_bytes < 64 * MIB


def test_what_processes_share_counts_once() -> None:
    with engine(10, forks=True) as pid:
        (child,) = children(pid)
        together = Cpu().read("cpu", [pid, child]).of({pid, child})
        alone = sum(Cpu().read("cpu", [one]).of({one}) or 0 for one in (pid, child))
    assert together is not None
    assert together < 64 * MIB + 2 * 10 * MIB + 30 * MIB
    assert alone > together + 60 * MIB


def test_a_process_that_has_gone_holds_nothing() -> None:
    with engine(1) as pid:
        pass
    assert Cpu().read("cpu", [pid]).holders == ()


def test_the_machine_has_what_it_has() -> None:
    reading = Cpu().read("cpu", [])
    total, available = capacity()
    assert reading.total_bytes == total >= available > 0
