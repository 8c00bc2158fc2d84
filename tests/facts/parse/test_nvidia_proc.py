import pytest

from remuda.facts.parse.nvidia_proc import Card, card, loaded

CLOSED = """\
NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.183.01  Sun May 12 19:39:15 UTC 2024
GCC version:  gcc version 12.3.0 (Ubuntu 12.3.0-1ubuntu1~22.04)
"""
OPEN = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  575.57.08  Release Build  (dvs-builder)  Sat May 24\n"
INFORMATION = """\
Model: \t\t NVIDIA GeForce RTX 3090
IRQ:   \t\t 145
GPU UUID: \t GPU-7d5b3f14-3a07-9d33-6d4b-b2f1ba41ac3d
Video BIOS: \t 94.02.42.00.a9
Bus Type: \t PCIe
Bus Location: \t 0000:0A:00.0
Device Minor: \t 1
"""


@pytest.mark.parametrize(("text", "version"), [(CLOSED, ("535.183.01", False)), (OPEN, ("575.57.08", True))])
def test_the_loaded_module_has_a_version_and_may_be_open(text: str, version: tuple[str, bool]) -> None:
    assert loaded(text) == version


def test_a_text_without_a_version_is_refused() -> None:
    with pytest.raises(ValueError, match="no version of the kernel module is named"):
        loaded("NVRM version: ?\n")


def test_a_card_is_known_by_address_uuid_and_minor() -> None:
    uuid = "GPU-7d5b3f14-3a07-9d33-6d4b-b2f1ba41ac3d"
    assert card(INFORMATION) == Card("0000:0a:00.0", "NVIDIA GeForce RTX 3090", uuid, 1)


def test_a_card_that_nobody_has_used_yet_has_no_uuid() -> None:
    unused = "Model: Unknown\nGPU UUID: GPU-????????-????-????-????-????????????\nBus Location: 0000:01:00.0\n"
    assert card(unused) == Card("0000:01:00.0", "Unknown", None, None)
