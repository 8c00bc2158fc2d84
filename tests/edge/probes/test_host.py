from pathlib import Path

from remuda.edge.probes.host import host


def test_this_machine_has_a_cpu_with_memory() -> None:
    cpu = host().device("cpu")
    assert cpu is not None
    assert 0 < cpu.free_bytes <= cpu.total_bytes


def test_nvidia_gpus_are_found_exactly_where_their_driver_is() -> None:
    assert bool(host().of_kind("cuda")) == Path("/proc/driver/nvidia/gpus").is_dir()
