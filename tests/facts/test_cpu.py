import pytest

from remuda.facts.cpu import Cpu
from tests.facts.host_table import V1, V2, V3, V4


@pytest.mark.parametrize(
    ("flags", "level"), [("", None), ("mmx", None), (V1, 1), (V2, 2), (V3, 3), (V4, 4), (V4.replace("avx2", ""), 2)]
)
def test_the_level_is_the_last_of_which_nothing_is_missing(flags: str, level: int | None) -> None:
    assert Cpu("", "x86_64", 1, flags=tuple(flags.split())).level == level


def test_other_architectures_have_no_level() -> None:
    arm = Cpu("", "aarch64", 1, flags=("asimd", "sve"))
    assert arm.level is None
    assert arm.has("sve")
    assert not arm.has("avx2")
