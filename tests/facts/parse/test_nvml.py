import pytest

from remuda.facts.device import Device, Link, Partition, Tenant
from remuda.facts.parse.nvml import Gpu, Memory, Mig, Peer, Process, Report, address, device

MACHINE = Device("cpu", "CPU", 64, 32)


@pytest.mark.parametrize(
    ("bus_id", "shown"), [("00000000:0A:00.0", "0000:0a:00.0"), ("0000000F:01:00.0", "000f:01:00.0")]
)
def test_an_address_is_written_as_linux_does(bus_id: str, shown: str) -> None:
    assert address(bus_id) == shown


@pytest.mark.parametrize(("number", "version"), [(12090, "12.9"), (13000, "13.0"), (11040, "11.4"), (None, None)])
def test_cudas_version_is_one_number(number: int | None, version: str | None) -> None:
    assert Report("575.57.08", number).cuda_version == version


def test_a_gpu_becomes_a_device() -> None:
    gpu = Gpu(
        1,
        "NVIDIA A100",
        "GPU-aaaa",
        "00000000:81:00.0",
        minor=3,
        capability=(8, 0),
        memory=Memory(80, 70),
        is_mig=True,
        processes=(Process(42, 5, "python"), Process(43)),
        partitions=(Mig("MIG-1", "MIG 1g.10gb", 10),),
        nvlinks=("00000000:C1:00.0", "00000000:C1:00.0"),
        peers=(Peer("00000000:C1:00.0", topology=30, is_p2p=True), Peer("00000000:41:00.0", topology=77)),
    )
    found = device(gpu, MACHINE, None)
    assert (found.name, found.nvml, found.minor, found.capability) == ("cuda1", 1, 3, "8.0")
    assert (found.total_bytes, found.free_bytes, found.is_unified) == (80, 70, False)
    assert found.tenants == (Tenant(42, 5, "python"), Tenant(43))
    assert found.partitions == (Partition("MIG-1", "MIG 1g.10gb", 10),)
    assert found.links == (
        Link("0000:41:00.0", "pcie"),
        Link("0000:c1:00.0", "nvlink", 2, "hostbridge", is_p2p=True),
    )
