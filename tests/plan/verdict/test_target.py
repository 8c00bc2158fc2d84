import pytest

from remuda.facts.device import Device
from remuda.plan.verdict.target import numbers, target, targets
from tests.plan.verdict.hosts import aim, recorded


@pytest.mark.parametrize(
    ("host", "device", "platform", "code", "driver"),
    [
        ("rtx-3090", "cuda0", "cuda", "8.6", "575.57.08"),
        ("mi50-w7500", "rocm0", "rocm", "gfx906", None),
        ("gb10", "cpu", "cpu", "aarch64", "580.95.05"),
    ],
)
def test_a_device_has_a_platform_and_a_code(host: str, device: str, platform: str, code: str, driver: str) -> None:
    found = aim(host, device)
    assert (found.platform, found.code, found.driver) == (platform, code, driver)


def test_a_card_for_games_is_told_by_its_name() -> None:
    assert aim("rtx-3090", "cuda0").is_consumer
    assert not aim("h100", "cuda0").is_consumer


def test_a_gpu_without_a_compute_driver_is_no_target() -> None:
    host = recorded("arc-a770")
    assert [each.name for each in targets(host)] == ["cpu"]
    assert target(host, Device("0000:03:00.0", "Arc", 0, 0)) is None


def test_a_label_says_the_code_of_a_gpu() -> None:
    assert aim("mi50-w7500", "rocm0").label == "rocm0 (gfx906)"
    assert aim("mi50-w7500", "cpu").label == "cpu"


@pytest.mark.parametrize(
    ("text", "found"), [("575.57.08", (575, 57, 8)), ("6.18.5-200.fc43.x86_64", (6, 18, 5)), ("unknown", ())]
)
def test_the_numbers_that_a_version_begins_with(text: str, found: tuple[int, ...]) -> None:
    assert numbers(text) == found
