import pytest
from pydantic import ValidationError

from remuda.spec.nix import Nix, Wheel


@pytest.mark.parametrize(
    "keys",
    [
        {"url": "https://example.com/a/torch-2.10.0%2Bcu128-cp312-cp312-linux_x86_64.whl"},
        {"file": "torch-2.10.0+cu128-cp312-cp312-linux_x86_64.whl"},
        {"path": "wheels/torch-2.10.0+cu128-cp312-cp312-linux_x86_64.whl"},
    ],
)
def test_the_name_of_a_wheel(keys: dict[str, str]) -> None:
    assert Wheel(**keys).name == "torch-2.10.0+cu128-cp312-cp312-linux_x86_64.whl"


def test_both_machines_unless_said() -> None:
    assert Nix(nixpkgs="0" * 40).systems == ("x86_64-linux", "aarch64-linux")


@pytest.mark.parametrize(
    "keys", [{}, {"systems": ["riscv64-linux"]}, {"systems": []}, {"wheels": {"vulkan": []}}, {"overlays": []}]
)
def test_what_has_another_shape(keys: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Nix.model_validate({"nixpkgs": "0" * 40, **keys} if keys else {})
