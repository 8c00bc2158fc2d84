import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from remuda.facts.device import Device, Partition
from remuda.facts.host import Host
from remuda.facts.names import expand, is_fastest_a_guess, names, resolve, visibility, with_cuda_order
from remuda.facts.software import Cdi, CdiDevice, Software

CPU = Device("cpu", "CPU", 64, 32)
SMALL = Device(
    "cuda0", "GTX 1080 Ti", 11, 10, "GPU-bbbb-1", "0000:01:00.0", cores=3584, clock_mhz=1911, nvml=0, minor=1
)
BIG = Device("cuda1", "RTX 3090", 24, 23, "GPU-aaaa-2", "0000:05:00.0", cores=10496, clock_mhz=2100, nvml=1, minor=0)
BIG = replace(BIG, partitions=(Partition("MIG-cccc", "a part", 12),))
AMD = Device("rocm0", "MI50", 32, 32, "GPU-0e54792172da5eeb", "0000:43:00.0", card="card2", render="renderD130")
IDLE = Device("0000:09:00.0", "Arc A770", 0, 0, address="0000:09:00.0", card="card3")
CDI = Cdi(
    "/etc/cdi/nvidia.yaml",
    "nvidia.com/gpu",
    (
        CdiDevice("0", ("/dev/nvidia1",)),
        CdiDevice("GPU-aaaa-2", ("/dev/nvidia0",)),
        CdiDevice("all", ("/dev/nvidia0", "/dev/nvidia1")),
    ),
)
WORKSTATION = Host(with_cuda_order((CPU, SMALL, BIG, AMD)), idle_gpus=(IDLE,), software=Software(cdi=(CDI,)))
LAPTOP = Host((CPU,))


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("cpu", "CPU"),
        ("cuda0", "GTX 1080 Ti"),
        ("cuda:0", "GTX 1080 Ti"),
        ("nvml:1", "RTX 3090"),
        ("fastest:0", "RTX 3090"),
        ("fastest:1", "GTX 1080 Ti"),
        ("rocm0", "MI50"),
        ("hip:0", "MI50"),
        ("0000:05:00.0", "RTX 3090"),
        ("05:00.0", "RTX 3090"),
        ("00000000:43:00.0", "MI50"),
        ("GPU-aaaa-2", "RTX 3090"),
        ("MIG-cccc", "RTX 3090"),
        ("gpu-bbbb", "GTX 1080 Ti"),
        ("/dev/nvidia0", "RTX 3090"),
        ("nvidia1", "GTX 1080 Ti"),
        ("renderD130", "MI50"),
        ("/dev/dri/card3", "Arc A770"),
        ("09:00.0", "Arc A770"),
        ("nvidia.com/gpu=0", "GTX 1080 Ti"),
        ("nvidia.com/gpu=GPU-aaaa-2", "RTX 3090"),
    ],
)
def test_a_device_is_found_by_any_of_its_names(name: str, title: str) -> None:
    found = resolve(WORKSTATION, name)
    assert found
    assert found.title == title


@pytest.mark.parametrize(
    "name", ["cuda2", "GPU-", "gpu", "", "nvidia", "nvidia.com/gpu=all", "nvidia.com/gpu=7", "nvidiaNone"]
)
def test_a_name_of_no_device_or_of_several_finds_none(name: str) -> None:
    assert resolve(WORKSTATION, name) is None


def test_every_name_of_a_device_leads_back_to_it() -> None:
    spelled = {"nvml": "nvml:{}", "cuda": "cuda:{}", "fastest": "fastest:{}", "rocm": "rocm:{}", "minor": "nvidia{}"}
    for device in (*WORKSTATION.devices, *WORKSTATION.idle_gpus):
        for scheme, given_names in names(WORKSTATION, device).items():
            for name in given_names:
                assert resolve(WORKSTATION, spelled.get(scheme, "{}").format(name)) == device


def test_a_device_has_a_name_for_each_who_counts_it() -> None:
    big = WORKSTATION.device("cuda1")
    assert big
    assert names(WORKSTATION, big) == {
        "remuda": ("cuda1",),
        "uuid": ("GPU-aaaa-2",),
        "pci": ("0000:05:00.0",),
        "nvml": ("1",),
        "cuda": ("1",),
        "fastest": ("0",),
        "minor": ("0",),
        "cdi": ("nvidia.com/gpu=GPU-aaaa-2",),
    }


def test_cudas_own_order_is_a_guess_only_where_cards_differ() -> None:
    assert is_fastest_a_guess(WORKSTATION)
    assert not is_fastest_a_guess(LAPTOP)


@given(st.lists(st.integers(1, 5), max_size=6))
def test_the_fastest_is_first_and_the_others_keep_the_order_of_their_addresses(speeds: list[int]) -> None:
    cards = [Device(f"cuda{n}", "GPU", 1, 1, cores=speed, clock_mhz=1) for n, speed in enumerate(speeds)]
    order = sorted(with_cuda_order((CPU, *cards))[1:], key=lambda device: device.fastest or 0)
    assert [device.name for device in order[1:]] == sorted(device.name for device in order[1:])
    if order:
        assert order[0].cores == max(speeds)


def test_all_of_a_kind_and_single_devices_expand_once_each() -> None:
    assert expand(WORKSTATION, ["cuda1", "cuda:all", "cpu"]) == (("cuda1", "cuda0", "cpu"), ())


def test_all_of_a_kind_that_is_not_there_is_unknown() -> None:
    assert expand(LAPTOP, ["cuda:all", "cpu"]) == (("cpu",), ("cuda:all",))


def test_words_that_name_no_device_are_unknown() -> None:
    assert expand(LAPTOP, ["gpu", "cuda", "cuda-1", "nvidia.com/gpu=all"])[0] == ()


@pytest.mark.parametrize(
    ("name", "expanded"),
    [("GPU-aaaa-2", ("cuda1",)), ("nvml:0", ("cuda0",)), (IDLE.name, ()), ("GPU-ffff-1", ())],
)
def test_another_name_of_a_device_that_is_there_stands_for_it(name: str, expanded: tuple[str, ...]) -> None:
    assert expand(WORKSTATION, [name])[0] == expanded


def test_a_single_device_needs_not_be_known() -> None:
    assert expand(LAPTOP, ["rocm3"]) == (("rocm3",), ())


def test_chosen_devices_are_shown_by_uuid_because_orders_differ() -> None:
    assert visibility(WORKSTATION, ["cuda1"]) == {
        "CUDA_VISIBLE_DEVICES": "GPU-aaaa-2",
        "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
        "ROCR_VISIBLE_DEVICES": "",
    }


def test_gpus_of_the_host_are_hidden_from_a_model_on_the_cpu() -> None:
    assert visibility(WORKSTATION, ["cpu"])["CUDA_VISIBLE_DEVICES"] == ""


def test_a_host_without_gpus_needs_no_variables() -> None:
    assert visibility(LAPTOP, ["cpu"]) == {}


def test_an_unknown_device_is_shown_by_its_index() -> None:
    assert visibility(LAPTOP, ["rocm3", "rocm0"]) == {"ROCR_VISIBLE_DEVICES": "3,0"}
