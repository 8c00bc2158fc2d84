from __future__ import annotations

import pytest

from remuda.facts.parse.maps import Place, place

MAPS = """\
55d0c0a00000-55d0c0a02000 r--p 00000000 fd:01 1048602                    /usr/bin/python3.12
7f0000000000-7f0000001000 rw-p 00000000 00:00 0
7f3c10000000-7f3c10021000 r-xp 0001f000 fd:01 2097153                    /opt/my venv/vllm/_C.abi3.so
7f3c20000000-7f3c20001000 r-xp 00000000 fd:01 2097154                    /opt/old.so (deleted)
7ffd5e1f0000-7ffd5e211000 rw-p 00000000 00:00 0                          [stack]
"""


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (0x7F3C10000000, Place("/opt/my venv/vllm/_C.abi3.so", 0x1F000)),
        (0x7F3C10000ABC, Place("/opt/my venv/vllm/_C.abi3.so", 0x1FABC)),
        (0x7F3C10021000, None),
        (0x7F3C20000010, Place("/opt/old.so", 0x10)),
        (0x7F0000000010, None),
        (0x7FFD5E1F0010, None),
        (0x10, None),
    ],
)
def test_the_file_that_an_address_is_from(address: int, expected: Place | None) -> None:
    assert place(MAPS, address) == expected
