from __future__ import annotations

import pytest

from remuda.adapt.variants.claims import claims


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("# for Hopper (SM90: H100, H200, L40S)", ["1:33 name it with SM89"]),
        ("| H100, H200, L40S | SM90 |", ["1:15 name it with SM89"]),
        ("| SM89 | RTX 4090, L4, L40, L40S |", []),
        ("| SM100 | B200, GB200, GB300 |", ["1:24 name it with SM103"]),
        ("- H100 (SM90) or L40S (SM89)", []),
        ("SM90 has what an L40S has not.", []),
        ('    meta.description = "for L40S (SM90)";', ["1:29 name it with SM89"]),
        ("# CUDA 12.9 needs NVIDIA driver 560+", ["1:33 write `575+`"]),
        ("# CUDA 12.9 needs NVIDIA driver 575+", []),
        ("# CUDA 12.8 needs NVIDIA driver 550+", ["1:33 write `570+`"]),
        ("**CUDA 12.9** (driver 560+) and **CUDA 12.8** (driver 570+)", ["1:23 write `575+`"]),
        ("| 12.9 | 560+ | `cuda12_9` |", ["1:10 write `575+`"]),
        ("| 560+ | `cuda12_9` (take this) |", ["1:3 write `575+`"]),
        ("`cudaPackages_12_8` (driver 550+)", ["1:29 write `570+`"]),
        ("a driver 560+ is needed", []),
        ("CUDA 13.0 needs driver 580+", []),
        ("CUDA 10.2 needs driver 440+", []),
        ("CUDA 12.9 has 500+ kernels", []),
        ("a\nb\n| SM90 | L40S |", ["3:10 name it with SM89"]),
        ("- x86 SM90-GH200 and P4000X", []),
    ],
)
def test_what_is_not_so_is_found_in_its_line(text: str, said: list[str]) -> None:
    found = [(each.position, each.hint) for each in claims(text)]
    assert [f"{place.line}:{place.column} {hint}" for place, hint in found if place] == said


def test_the_message_tells_what_minor_version_compatibility_gives() -> None:
    (found,) = claims("CUDA 12.9: driver 560+")
    assert found.message == (
        "CUDA 12.9.0 comes with driver 575.51.03; 560 runs its binary code by minor version compatibility, "
        "as any from 525.60.13 on, and compiles none of its PTX"
    )
