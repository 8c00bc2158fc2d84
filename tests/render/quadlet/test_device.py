from __future__ import annotations

import pytest

from remuda.facts.device import Device
from remuda.facts.host import Host
from remuda.facts.system import Node
from remuda.render.quadlet.device import Devices, devices

NOWHERE = Host(())
UDEV = ("render", "video")
HERE = Host((Device("cuda1", "A", 1, 1, uuid="GPU-aaaa-1"), Device("rocm0", "B", 1, 1, uuid="GPU-bbbb")))
KFD = ("/dev/kfd", "/dev/dri")


@pytest.mark.parametrize(
    ("host", "selectors", "expected"),
    [
        (NOWHERE, (), Devices(())),
        (NOWHERE, ("cpu",), Devices(())),
        (NOWHERE, ("cuda0", "cuda1"), Devices(("nvidia.com/gpu=0", "nvidia.com/gpu=1"))),
        (NOWHERE, ("cuda:all", "cpu"), Devices(("nvidia.com/gpu=all",))),
        (HERE, ("cuda1",), Devices(("nvidia.com/gpu=GPU-aaaa-1",))),
        (HERE, ("GPU-aaaa", "GPU-aaaa-1"), Devices(("nvidia.com/gpu=GPU-aaaa-1",))),
        (HERE, ("GPU-bbbb",), Devices(KFD, {"ROCR_VISIBLE_DEVICES": "GPU-bbbb"}, groups=UDEV)),
        (NOWHERE, ("rocm1", "rocm0"), Devices(KFD, {"ROCR_VISIBLE_DEVICES": "1,0"}, groups=UDEV)),
        (HERE, ("rocm0",), Devices(KFD, {"ROCR_VISIBLE_DEVICES": "GPU-bbbb"}, groups=UDEV)),
        (NOWHERE, ("rocm:all", "rocm0"), Devices(KFD, groups=UDEV)),
        (
            NOWHERE,
            ("amd.com/gpu=all", "/dev/dri/renderD128"),
            Devices(("amd.com/gpu=all", "/dev/dri/renderD128"), groups=UDEV),
        ),
        (NOWHERE, ("GPU-1", "intel0", "cuda0"), Devices(("nvidia.com/gpu=0",), unknown=("GPU-1", "intel0"))),
    ],
)
def test_devices(host: Host, selectors: tuple[str, ...], expected: Devices) -> None:
    assert devices(host, selectors) == expected


def test_the_groups_are_those_of_the_device_files_that_are_there() -> None:
    nodes = (
        Node("/dev/kfd", "crw-rw----", "root", "gpu", is_open=False),
        Node("/dev/dri/renderD128", "crw-rw-rw-", "root", "render", is_open=True),
        Node("/dev/dri/card0", "crw-------", "root", "root", is_open=False),
        Node("/dev/nvidia0", "crw-rw----", "root", "other", is_open=False),
    )
    assert devices(Host(nodes=nodes), ("rocm0",)).groups == ("gpu",)
    assert devices(Host(nodes=nodes), ("/dev/dri/renderD128", "cuda0")).groups == ()
    assert devices(Host(nodes=nodes[3:]), ("rocm0",)).groups == UDEV
