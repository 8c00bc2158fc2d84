from __future__ import annotations

import pytest

from remuda.knowledge import cuda


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("NVIDIA L40S", "8.9"),  # one of the seeds has it as 9.0
        ("NVIDIA GeForce GTX 1080 Ti", "6.1"),
        ("Tesla V100-SXM2-32GB", "7.0"),
        ("Tesla P40", "6.1"),
        ("Tesla T4", "7.5"),
        ("NVIDIA A100-SXM4-80GB", "8.0"),
        ("NVIDIA GeForce RTX 3090", "8.6"),
        ("NVIDIA GeForce RTX 4090", "8.9"),
        ("NVIDIA RTX 6000 Ada Generation", "8.9"),
        ("NVIDIA H100 80GB HBM3", "9.0"),
        ("NVIDIA H200", "9.0"),
        ("NVIDIA B200", "10.0"),
        ("NVIDIA B300", "10.3"),
        ("NVIDIA GeForce RTX 5090", "12.0"),
        ("NVIDIA GB10", "12.1"),
        ("NVIDIA Something 1", None),
    ],
)
def test_the_capability_of_a_card(name: str, expected: str | None) -> None:
    found = cuda.of_card(name)
    assert (found.capability if found else None) == expected


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("GA102 [GeForce RTX 3090]", "8.6"),
        ("GA100 [A100 PCIe 40GB]", "8.0"),
        ("GB202 [GeForce RTX 5090]", "12.0"),
        ("TU116 [GeForce GTX 1660]", "7.5"),
        ("Vega 20 [Radeon VII]", None),
    ],
)
def test_the_capability_of_a_chip(title: str, expected: str | None) -> None:
    found = cuda.of_chip(title)
    assert (found.capability if found else None) == expected


def test_every_chip_has_a_capability_that_is_known() -> None:
    assert all(cuda.of_chip(chip) for chip in cuda.CHIPS)


@pytest.mark.parametrize(
    ("version", "driver", "floor"),
    [
        ("12.9", "575.51.03", "525.60.13"),  # one of the seeds has 560
        ("12.9.1", "575.57.08", "525.60.13"),
        ("12.8.1", "570.124.06", "525.60.13"),
        ("13.0.3", "580.95.05", "580"),
        ("11.8", "520.61.05", "450.80.02"),
    ],
)
def test_the_driver_of_a_toolkit(version: str, driver: str, floor: str) -> None:
    found = cuda.toolkit(version)
    assert found
    assert (found.driver, found.floor) == (driver, floor)


def test_a_toolkit_that_nobody_wrote_down() -> None:
    assert cuda.toolkit("10.2") is None


@pytest.mark.parametrize(
    ("target", "capability", "expected"),
    [
        ("8.0", "8.6", "binary"),
        ("8.0", "8.9", "binary"),
        ("8.6", "8.0", None),
        ("9.0", "10.0", None),
        ("9.0+PTX", "10.0", "ptx"),
        ("9.0+PTX", "9.0", "binary"),
        ("10.0+PTX", "9.0", None),
        ("ptx7.0", "7.0", "ptx"),
        ("ptx7.0", "6.1", None),
        ("9.0a", "9.0", "binary"),
        ("12.0a", "12.1", None),
        ("12.0", "12.1", "binary"),
        ("10.0f", "10.3", "binary"),
        ("8.0", "8.7", None),  # Orin runs no code of cards
        ("8.7", "8.9", None),
        ("8.7", "8.7", "binary"),
    ],
)
def test_which_code_runs_where(target: str, capability: str, expected: str | None) -> None:
    assert cuda.runs(target, capability) == expected


def test_what_is_no_target() -> None:
    with pytest.raises(ValueError, match="`gfx906` is no target of CUDA"):
        cuda.runs("gfx906", "8.6")


def test_pascal_ends_with_cuda_12() -> None:
    found = cuda.capability("6.1")
    assert found
    assert (12, 9, 1) in found.toolkits
    assert (13, 0) not in found.toolkits
