from __future__ import annotations

import pytest

from remuda.adapt.visible_gpus import Visible, visible


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, Visible(None, {})),
        ({"X": "1"}, Visible(None, {"X": "1"})),
        (
            {"CUDA_VISIBLE_DEVICES": "0,1", "X": "1"},
            Visible(("cuda0", "cuda1"), {"X": "1"}, "CUDA_VISIBLE_DEVICES=0,1 there, counted by PCI address here"),
        ),
        (
            {"CUDA_VISIBLE_DEVICES": "1", "CUDA_DEVICE_ORDER": "PCI_BUS_ID"},
            Visible(("cuda1",), {}, "CUDA_VISIBLE_DEVICES=1 there"),
        ),
        ({"CUDA_VISIBLE_DEVICES": "GPU-5d5b"}, Visible(("GPU-5d5b",), {}, "CUDA_VISIBLE_DEVICES=GPU-5d5b there")),
        ({"CUDA_VISIBLE_DEVICES": ""}, Visible(("cpu",), {}, "CUDA_VISIBLE_DEVICES= there")),
        ({"CUDA_VISIBLE_DEVICES": "-1"}, Visible(("cpu",), {}, "CUDA_VISIBLE_DEVICES=-1 there")),
        ({"HIP_VISIBLE_DEVICES": "0"}, Visible(("rocm0",), {}, "HIP_VISIBLE_DEVICES=0 there")),
        # Counted among each other: nobody but the driver can tell which card that is.
        (
            {"HIP_VISIBLE_DEVICES": "0", "ROCR_VISIBLE_DEVICES": "1"},
            Visible(None, {"HIP_VISIBLE_DEVICES": "0", "ROCR_VISIBLE_DEVICES": "1"}),
        ),
        ({"CUDA_VISIBLE_DEVICES": "${env:GPUS}"}, Visible(None, {"CUDA_VISIBLE_DEVICES": "${env:GPUS}"})),
    ],
)
def test_what_variables_show(environment: dict[str, str], expected: Visible) -> None:
    assert visible(environment) == expected
