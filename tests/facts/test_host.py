from remuda.facts.host import Device, Host, expand, visibility

CPU = Device("cpu", "CPU", 64, 32)
GPU0 = Device("cuda0", "NVIDIA GeForce RTX 3090", 24, 23, "GPU-aaaa")
GPU1 = Device("cuda1", "NVIDIA GeForce GTX 1080 Ti", 11, 10, "GPU-bbbb")
WORKSTATION = Host((CPU, GPU0, GPU1))
LAPTOP = Host((CPU,))


def test_kind_is_the_name_without_its_number() -> None:
    assert [device.kind for device in WORKSTATION.devices] == ["cpu", "cuda", "cuda"]


def test_all_of_a_kind_and_single_devices_expand_once_each() -> None:
    assert expand(WORKSTATION, ["cuda1", "cuda:all", "cpu"]) == (("cuda1", "cuda0", "cpu"), ())


def test_all_of_a_kind_that_is_not_there_is_unknown() -> None:
    assert expand(LAPTOP, ["cuda:all", "cpu"]) == (("cpu",), ("cuda:all",))


def test_words_that_name_no_device_are_unknown() -> None:
    assert expand(LAPTOP, ["gpu", "cuda", "cuda-1", "nvidia.com/gpu=all"])[0] == ()


def test_a_single_device_needs_not_be_known() -> None:
    assert expand(LAPTOP, ["rocm3"]) == (("rocm3",), ())


def test_chosen_devices_are_shown_by_uuid_because_orders_differ() -> None:
    assert visibility(WORKSTATION, ["cuda1"]) == {
        "CUDA_VISIBLE_DEVICES": "GPU-bbbb",
        "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
    }


def test_gpus_of_the_host_are_hidden_from_a_model_on_the_cpu() -> None:
    assert visibility(WORKSTATION, ["cpu"])["CUDA_VISIBLE_DEVICES"] == ""


def test_a_host_without_gpus_needs_no_variables() -> None:
    assert visibility(LAPTOP, ["cpu"]) == {}


def test_an_unknown_device_is_shown_by_its_index() -> None:
    assert visibility(LAPTOP, ["rocm3", "rocm0"]) == {"ROCR_VISIBLE_DEVICES": "3,0"}


def test_what_our_engines_hold_counts_as_free() -> None:
    freed = WORKSTATION.with_freed({"cpu": 5})
    assert [device.free_bytes for device in freed.devices] == [37, 23, 10]


def test_no_more_of_a_device_is_free_than_there_is() -> None:
    freed = WORKSTATION.with_freed({"cuda0": 23, "cpu": 64})
    assert [device.free_bytes for device in freed.devices] == [64, 24, 10]
