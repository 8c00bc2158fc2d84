import pytest

from remuda.facts.parse import meminfo

TEXT = """\
MemTotal:       24689204 kB
MemFree:         1220132 kB
MemAvailable:   23210348 kB
HugePages_Total:       0
"""


def test_available_memory_counts_as_free_and_not_only_unused_memory() -> None:
    device = meminfo.cpu(TEXT)
    assert (device.name, device.total_bytes, device.free_bytes) == ("cpu", 24689204 * 1024, 23210348 * 1024)


def test_a_kernel_that_does_not_tell_what_is_available_is_an_error() -> None:
    with pytest.raises(KeyError, match="MemAvailable"):
        meminfo.cpu("MemTotal: 1 kB\n")
