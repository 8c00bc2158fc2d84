from pathlib import Path

import pytest

from remuda.edge.probes.limits import Files
from remuda.edge.probes.processor import cgroup_version, cpu, machine_memory, memory_limit_bytes
from remuda.errors import ProbeError
from remuda.facts.cpu import NumaNode
from tests.edge.probes.fake_sysfs import GIB, write

MEMINFO = f"MemTotal: {64 * GIB // 1024} kB\nMemAvailable: {60 * GIB // 1024} kB\n"


def test_no_more_memory_is_there_than_a_group_above_allows(tmp_path: Path) -> None:
    write(tmp_path / "proc/meminfo", MEMINFO)
    write(tmp_path / "proc/self/cgroup", "0::/pod/own\n")
    write(tmp_path / "sys/fs/cgroup/pod/own/memory.max", "max\n")
    write(tmp_path / "sys/fs/cgroup/pod/memory.max", f"{8 * GIB}\n")
    write(tmp_path / "sys/fs/cgroup/pod/memory.current", f"{3 * GIB}\n")
    write(tmp_path / "sys/fs/cgroup/pod/memory.stat", f"inactive_file {GIB}\n")
    files = Files(tmp_path, "memory")
    device = machine_memory(files)
    assert (device.name, device.total_bytes, device.free_bytes) == ("cpu", 8 * GIB, 6 * GIB)
    assert memory_limit_bytes(files) == 8 * GIB
    assert cgroup_version(files) == 2


def test_the_first_version_of_groups_has_other_names(tmp_path: Path) -> None:
    write(tmp_path / "proc/meminfo", MEMINFO)
    write(tmp_path / "proc/self/cgroup", "4:memory:/outside\n2:cpu:/outside\n")
    write(tmp_path / "sys/fs/cgroup/memory/memory.limit_in_bytes", f"{4 * GIB}\n")
    write(tmp_path / "sys/fs/cgroup/memory/memory.usage_in_bytes", f"{GIB}\n")
    write(tmp_path / "sys/fs/cgroup/cpu/cpu.cfs_quota_us", "150000\n")
    write(tmp_path / "sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n")
    write(tmp_path / "proc/cpuinfo", "processor\t: 0\n")
    files = Files(tmp_path, "memory")
    assert machine_memory(files).free_bytes == 3 * GIB
    assert cpu(files, "x86_64").quota == 1.5
    assert cgroup_version(files) == 1


def test_without_groups_nothing_is_limited(tmp_path: Path) -> None:
    write(tmp_path / "proc/meminfo", MEMINFO)
    files = Files(tmp_path, "memory")
    assert machine_memory(files).free_bytes == 60 * GIB
    assert memory_limit_bytes(files) is cgroup_version(files) is None


@pytest.mark.parametrize("text", [None, "", "MemTotal: many kB\n"])
def test_memory_that_is_not_told_is_an_error(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        write(tmp_path / "proc/meminfo", text)
    with pytest.raises(ProbeError, match="cannot tell how much memory this machine has"):
        machine_memory(Files(tmp_path, "memory"))


def test_numa_nodes_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for number in (10, 2):
        write(tmp_path / f"sys/devices/system/node/node{number}/cpulist", f"{number}\n")
    write(tmp_path / "sys/devices/system/node/possible", "0-10\n")
    found = cpu(Files(tmp_path, "processors"), "x86_64")
    assert found.numa == (NumaNode(2, "2", 0), NumaNode(10, "10", 0))
