from msgspec.structs import replace

from remuda.facts.assembly import Card, Compute, Sources, devices
from remuda.facts.device import Device, Pci
from remuda.facts.memory import Reading
from remuda.facts.parse import nvidia_proc
from remuda.facts.parse.amdgpu import Node
from remuda.facts.parse.nvml import Gpu, Memory, Report

MACHINE = Device("cpu", "CPU", 64, 32)
NVIDIA = Card("0000:01:00.0", Pci("10de", "2204", driver="nvidia"), card="card0", render="renderD128", has_display=True)
AMD = Card("0000:03:00.0", Pci("1002", "66a1", driver="amdgpu"), "MI50", "card1", "renderD129")
INTEL = Card("0000:04:00.0", Pci("8086", "56a0", driver="i915"), card="card2")
GPU = Gpu(0, "NVIDIA GeForce RTX 3090", "GPU-aaaa", "00000000:01:00.0", memory=Memory(24, 23), has_display=False)
NODE = Node(4711, "0000:03:00.0", "gfx906", 0xE54792172DA5EEB)


def test_a_card_whose_driver_answers_is_a_device_and_the_others_are_idle() -> None:
    sources = Sources(
        MACHINE, (NVIDIA, AMD, INTEL), Report("575", gpus=(GPU,)), compute=(Compute(0, NODE, Reading("rocm0", 32, 31)),)
    )
    used, idle = devices(sources)
    assert [(device.name, device.title, device.card) for device in used] == [
        ("cpu", "CPU", None),
        ("cuda0", "NVIDIA GeForce RTX 3090", "card0"),
        ("rocm0", "MI50", "card1"),
    ]
    assert [(device.name, device.title, device.kind) for device in idle] == [("0000:04:00.0", "GPU 8086:56a0", "pci")]


def test_a_monitor_counts_whoever_sees_it() -> None:
    used, _ = devices(Sources(MACHINE, (NVIDIA,), Report("575", gpus=(GPU,))))
    assert used[1].has_display


def test_a_device_may_be_on_no_bus() -> None:
    used, idle = devices(
        Sources(MACHINE, (), Report("575", gpus=(GPU,)), compute=(Compute(1, NODE, Reading("rocm1", 32, 31)),))
    )
    assert [(device.name, device.title, device.pci) for device in used[1:]] == [
        ("cuda0", "NVIDIA GeForce RTX 3090", None),
        ("rocm1", "AMD gfx906", None),
    ]
    assert idle == ()


def test_of_a_card_without_nvidias_library_its_kernel_module_tells() -> None:
    module = nvidia_proc.Card("0000:01:00.0", "NVIDIA GeForce RTX 3090", "GPU-aaaa", 0)
    used, (idle,) = devices(Sources(MACHINE, (NVIDIA,), modules=(module,)))
    assert used == (MACHINE,)
    assert (idle.title, idle.uuid, idle.minor, idle.card) == (module.title, "GPU-aaaa", 0, "card0")


def test_a_gpu_without_memory_of_its_own_has_the_machines() -> None:
    used, _ = devices(Sources(MACHINE, (), Report("580", gpus=(replace(GPU, memory=None),))))
    assert used[1].is_unified
    assert (used[1].total_bytes, used[1].free_bytes) == (64, 32)
