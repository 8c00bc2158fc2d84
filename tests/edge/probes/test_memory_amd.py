from pathlib import Path

import pytest

from remuda.edge.probes.memory_amd import Amd
from remuda.facts.memory import Holder, Reading
from tests.edge.probes.fake_sysfs import (
    GIB,
    MI50,
    MIB,
    STRIX_HALO,
    add_node,
    compute,
    machine,
    open_file,
    set_pool,
    write,
)

FDINFO = """\
pos:	0
flags:	02100002
drm-driver:	amdgpu
drm-client-id:	{client}
drm-pdev:	{address}
drm-memory-vram:	{kib} KiB
drm-memory-gtt: 	2048 KiB
"""


def fdinfo(kib: int, client: int = 9, address: str = "0000:03:00.0") -> str:
    return FDINFO.format(client=client, address=address, kib=kib)


def test_gpus_are_numbered_as_the_compute_driver_numbers_them_without_cpus(tmp_path: Path) -> None:
    add_node(machine(tmp_path), 10, 815, MI50.replace("location_id 768", "location_id 1280"))
    assert [node.address for node in Amd(tmp_path).nodes] == ["0000:03:00.0", "0000:05:00.0"]


def test_capacity_is_that_of_its_memory(tmp_path: Path) -> None:
    assert Amd(machine(tmp_path)).read("rocm0", ()) == Reading("rocm0", 32 * GIB, 32 * GIB - 20 * MIB)


def test_every_process_that_computes_is_listed_with_what_it_has_of_this_gpu(tmp_path: Path) -> None:
    compute(machine(tmp_path), 42, 4711, GIB)
    compute(tmp_path, 42, 815, 5 * GIB)
    compute(tmp_path, 43, 4711, 0)
    reading = Amd(tmp_path).read("rocm0", ())
    assert reading
    assert reading.holders == (Holder(42, GIB),)


def test_files_of_one_client_count_once_and_those_of_other_gpus_not_at_all(tmp_path: Path) -> None:
    machine(tmp_path)
    open_file(tmp_path, 42, 5, "/dev/dri/renderD128", fdinfo(1024))
    open_file(tmp_path, 42, 6, "/dev/dri/renderD128", fdinfo(1024))
    open_file(tmp_path, 42, 7, "/dev/dri/renderD128", fdinfo(512, client=10))
    open_file(tmp_path, 42, 8, "/dev/dri/renderD129", fdinfo(4096, client=11, address="0000:0a:00.0"))
    open_file(tmp_path, 42, 9, "/dev/null", fdinfo(4096, client=12))
    reading = Amd(tmp_path).read("rocm0", {42, 43})
    assert reading
    assert reading.holders == (Holder(42, 1536 * 1024),)


@pytest.mark.parametrize("computing_bytes", [0, GIB])
def test_memory_that_both_drivers_tell_of_counts_once(tmp_path: Path, computing_bytes: int) -> None:
    compute(machine(tmp_path), 42, 4711, computing_bytes)
    open_file(tmp_path, 42, 5, "/dev/dri/renderD128", fdinfo(1024))
    reading = Amd(tmp_path).read("rocm0", {42})
    assert reading
    assert reading.holders == (Holder(42, max(computing_bytes, MIB)),)


def test_a_gpu_without_memory_of_its_own_has_what_the_machine_can_spare(tmp_path: Path) -> None:
    add_node(tmp_path, 1, 4711, STRIX_HALO)
    set_pool(tmp_path, "0000:c5:00.0", "vram", 512 * MIB, 100 * MIB)
    set_pool(tmp_path, "0000:c5:00.0", "gtt", 2**50, GIB)
    open_file(tmp_path, 42, 5, "/dev/dri/renderD128", fdinfo(1024, address="0000:c5:00.0"))
    write(tmp_path / "proc/meminfo", "MemTotal: 4194304 kB\nMemAvailable: 2097152 kB\n")
    reading = Amd(tmp_path).read("rocm0", {42})
    assert reading
    assert reading.is_unified
    assert reading.total_bytes == 512 * MIB + 2**50
    assert reading.free_bytes == 412 * MIB + 2 * GIB
    assert reading.holders == (Holder(42, 3 * MIB),)


def test_a_gpu_that_is_not_there_cannot_be_read(tmp_path: Path) -> None:
    assert Amd(tmp_path).read("rocm0", ()) is None


def test_nodes_that_this_container_may_not_see_are_left_out(tmp_path: Path) -> None:
    (machine(tmp_path) / "sys/class/kfd/kfd/topology/nodes/1/gpu_id").unlink()
    assert Amd(tmp_path).nodes == ()
