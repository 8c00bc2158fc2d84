import pytest

from remuda.facts.device import Device


@pytest.mark.parametrize(
    ("name", "kind"), [("cpu", "cpu"), ("cuda12", "cuda"), ("rocm0", "rocm"), ("0000:01:00.0", "pci")]
)
def test_kind_is_the_name_without_its_number_and_an_address_is_a_gpu_without_a_driver(name: str, kind: str) -> None:
    assert Device(name, "", 0, 0).kind == kind


def test_freed_memory_is_no_more_than_there_is() -> None:
    assert Device("cuda0", "", 24, 20).with_freed(3).free_bytes == 23
    assert Device("cuda0", "", 24, 20).with_freed(30).free_bytes == 24
