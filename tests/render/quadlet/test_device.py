from __future__ import annotations

import pytest

from remuda.facts.device import Device
from remuda.facts.host import Host
from remuda.render.quadlet.device import Devices, devices

NOWHERE = Host(())
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
        (HERE, ("GPU-bbbb",), Devices(KFD, {"ROCR_VISIBLE_DEVICES": "GPU-bbbb"}, needs_groups=True)),
        (NOWHERE, ("rocm1", "rocm0"), Devices(KFD, {"ROCR_VISIBLE_DEVICES": "1,0"}, needs_groups=True)),
        (HERE, ("rocm0",), Devices(KFD, {"ROCR_VISIBLE_DEVICES": "GPU-bbbb"}, needs_groups=True)),
        (NOWHERE, ("rocm:all", "rocm0"), Devices(KFD, needs_groups=True)),
        (
            NOWHERE,
            ("amd.com/gpu=all", "/dev/dri/renderD128"),
            Devices(("amd.com/gpu=all", "/dev/dri/renderD128"), needs_groups=True),
        ),
        (NOWHERE, ("GPU-1", "intel0", "cuda0"), Devices(("nvidia.com/gpu=0",), unknown=("GPU-1", "intel0"))),
    ],
)
def test_devices(host: Host, selectors: tuple[str, ...], expected: Devices) -> None:
    assert devices(host, selectors) == expected
