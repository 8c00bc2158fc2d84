import pytest

from remuda.facts.device import Pci
from remuda.facts.parse.pci import gpu, largest_window_bytes

MI300X = "DRIVER=amdgpu\nPCI_CLASS=120000\nPCI_ID=1002:74A1\nPCI_SUBSYS_ID=1002:74A1\nPCI_SLOT_NAME=0000:0c:00.0\n"


def test_an_accelerator_of_amd_is_a_gpu() -> None:
    assert gpu(MI300X) == Pci("1002", "74a1", "1002:74a1", "amdgpu")


def test_a_gpu_without_a_driver_is_one_too() -> None:
    assert gpu("PCI_CLASS=30200\nPCI_ID=10DE:2330\nPCI_SUBSYS_ID=0000:0000\n") == Pci("10de", "2330")


@pytest.mark.parametrize(
    "uevent",
    [
        "",
        "PCI_CLASS=30000\nPCI_ID=1A03:2000\n",  # the display chip of a server's board
        "PCI_CLASS=40300\nPCI_ID=10DE:1AEF\n",  # the sound of a graphics card
        "PCI_CLASS=120000\nPCI_ID=8086:7D1D\n",  # Intel's neural processor
        "PCI_CLASS=3\nPCI_ID=10DE:2204\n",
    ],
)
def test_other_devices_are_none(uevent: str) -> None:
    assert gpu(uevent) is None


def test_the_largest_memory_window_tells_whether_bars_are_resized() -> None:
    resource = (
        "0x00000000fb000000 0x00000000fbffffff 0x0000000000040200\n"
        "0x0000003800000000 0x0000003fffffffff 0x000000000014220c\n"
        "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
        "0x000000000000e000 0x000000000000e07f 0x0000000000040101\n"
    )
    assert largest_window_bytes(resource) == 32 * 1024**3
    assert largest_window_bytes("") == 0
