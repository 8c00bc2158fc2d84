from __future__ import annotations

import pytest

from remuda.adapt.container_gpus import Given, given


@pytest.mark.parametrize(
    ("gpus", "devices", "environment", "expected"),
    [
        (None, (), {}, None),
        ("all", (), {}, ("cuda:all",)),
        ("all,capabilities=utility", (), {}, ("cuda:all",)),
        ('"device=0,2"', (), {}, ("cuda0", "cuda2")),
        ("device=0,2", (), {}, ("cuda0", "cuda2")),
        ("device=GPU-5d5b", (), {}, ("GPU-5d5b",)),
        ("count=2", (), {}, ("cuda0", "cuda1")),
        (None, ("nvidia.com/gpu=all",), {}, ("cuda:all",)),
        (None, ("nvidia.com/gpu=1", "/dev/nvidia0", "/dev/nvidiactl"), {}, ("cuda1", "cuda0")),
        (None, ("/dev/kfd", "/dev/dri"), {}, ("rocm:all",)),
        (None, ("/dev/kfd", "/dev/dri/renderD129:/dev/dri/renderD129:rw"), {}, ("/dev/dri/renderD129",)),
        (None, (), {"NVIDIA_VISIBLE_DEVICES": "all"}, ("cuda:all",)),
        (None, (), {"NVIDIA_VISIBLE_DEVICES": "0,1"}, ("cuda0", "cuda1")),
        (None, (), {"NVIDIA_VISIBLE_DEVICES": "void"}, None),
        ("all", (), {"NVIDIA_VISIBLE_DEVICES": "0"}, ("cuda:all",)),
    ],
)
def test_what_a_container_is_given(
    gpus: str | None, devices: tuple[str, ...], environment: dict[str, str | None], expected: tuple[str, ...] | None
) -> None:
    found = given(gpus, devices, environment)
    assert (found.devices, found.environment) == (expected, {})


def test_other_devices_and_variables_are_told() -> None:
    found = given("2", ("/dev/fuse",), {"A": None, "NVIDIA_VISIBLE_DEVICES": "${env:X}"})
    assert found.devices == ("cuda0", "cuda1")
    assert found.environment == {"A": "${env:A}", "NVIDIA_VISIBLE_DEVICES": "${env:X}"}
    assert found.notes == ("--gpus 2 there: any of them", "/dev/fuse is given to it there")


@pytest.mark.parametrize(
    ("had", "visible", "expected"),
    [
        (("cuda2", "cuda3"), ("cuda1",), ("cuda3",)),
        (("cuda2",), ("cuda1",), ("cuda1",)),
        (("cuda:all",), ("cuda1",), ("cuda1",)),
        (None, ("cuda1",), ("cuda1",)),
        (("cuda2",), ("cpu",), ("cpu",)),
    ],
)
def test_variables_count_what_the_container_has(
    had: tuple[str, ...] | None, visible: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    assert Given(had, {}).narrowed(visible).devices == expected
