import pytest

from remuda.facts.device import Device
from remuda.facts.host import Host
from remuda.render.systemd.device import Granted, granted

AMD = ("char-kfd", "char-drm")
NVIDIA = ("char-nvidia*",)


@pytest.mark.parametrize(
    ("selectors", "expected"),
    [
        ([], Granted(())),
        (["cpu"], Granted(())),
        (["cuda:all"], Granted(NVIDIA)),
        (["cuda1", "cuda0"], Granted(NVIDIA, {"CUDA_VISIBLE_DEVICES": "1,0", "CUDA_DEVICE_ORDER": "PCI_BUS_ID"})),
        (["rocm1"], Granted(AMD, {"ROCR_VISIBLE_DEVICES": "1"})),
        (["rocm:all", "rocm1"], Granted(AMD)),
        (["/dev/dri", "/dev/dri/by-path/x"], Granted(("char-drm",))),
        (["/dev/dri/renderD128"], Granted(("/dev/dri/renderD128",))),
        (["nvidia.com/gpu=0", "gpu"], Granted((), unknown=("nvidia.com/gpu=0", "gpu"))),
    ],
)
def test_what_selectors_open(selectors: list[str], expected: Granted) -> None:
    assert granted(Host(()), selectors) == expected


def test_a_card_that_is_known_is_named_by_its_uuid() -> None:
    host = Host((Device("cuda0", "A", 1, 1, uuid="GPU-1"),))
    for selectors in (["cuda0"], ["cuda:all"]):
        assert granted(host, selectors).environment["CUDA_VISIBLE_DEVICES"] == "GPU-1"
    assert granted(host, ["rocm0"]).environment == {
        "CUDA_VISIBLE_DEVICES": "",
        "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
        "ROCR_VISIBLE_DEVICES": "0",
    }
