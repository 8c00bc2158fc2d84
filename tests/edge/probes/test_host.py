from pathlib import Path

import pytest

from remuda.edge.probes import host as probe
from remuda.edge.probes.host import host
from remuda.edge.probes.memory_amd import Amd
from remuda.errors import ProbeError
from remuda.facts.host import Device, visibility
from remuda.facts.host import Host as Facts
from tests.edge.probes.fake_nvml import GIB, MIB, FakeNvml, Gpu
from tests.edge.probes.fake_sysfs import machine


def test_this_machine_has_a_cpu_with_memory() -> None:
    cpu = host().device("cpu")
    assert cpu is not None
    assert 0 < cpu.free_bytes <= cpu.total_bytes


def test_nvidia_gpus_are_found_exactly_where_their_driver_is() -> None:
    assert bool(host().of_kind("cuda")) == Path("/proc/driver/nvidia/gpus").is_dir()


def test_amd_gpus_are_found_exactly_where_their_compute_driver_is() -> None:
    assert bool(host().of_kind("rocm")) <= Path("/sys/class/kfd").is_dir()


def test_nvidia_gpus_are_named_in_nvmls_order() -> None:
    devices = probe.nvidia(FakeNvml(Gpu(uuid="GPU-a"), Gpu(11 * GIB, uuid="GPU-b")))
    assert [(device.name, device.uuid) for device in devices] == [("cuda0", "GPU-a"), ("cuda1", "GPU-b")]
    assert [device.free_bytes for device in devices] == [24 * GIB - 400 * MIB, 11 * GIB - 400 * MIB]


def test_a_gpu_that_is_lost_is_an_error() -> None:
    with pytest.raises(ProbeError, match="cannot ask the NVIDIA driver about a GPU: GPU is lost"):
        probe.nvidia(FakeNvml(Gpu(is_lost=True)))


def test_amd_gpus_are_shown_to_programs_by_what_their_driver_calls_them(tmp_path: Path) -> None:
    (device,) = probe.amd(Amd(machine(tmp_path)))
    assert device == Device("rocm0", "AMD gfx906", 32 * GIB, 32 * GIB - 20 * MIB, "GPU-2220c1c0c6267e36")
    assert visibility(Facts((device,)), ["rocm0"]) == {"ROCR_VISIBLE_DEVICES": "GPU-2220c1c0c6267e36"}


def test_an_amd_gpu_whose_memory_is_not_told_is_an_error(tmp_path: Path) -> None:
    (machine(tmp_path) / "sys/bus/pci/devices/0000:03:00.0/mem_info_vram_used").unlink()
    with pytest.raises(ProbeError, match=r"the AMD GPU at 0000:03:00\.0"):
        probe.amd(Amd(tmp_path))
