from __future__ import annotations

import pytest

from remuda.knowledge.defects import find


@pytest.mark.parametrize(
    ("toolkit", "capability", "parts"),
    [
        ("12.9", "9.0", ["cccl"]),
        ("12.8", "9.0", []),
        ("13.0", "9.0", []),
        ("12.9", "7.0", ["cccl", "cudnn"]),
        ("12.8", "6.1", ["cudnn"]),
        ("12.8", "7.5", []),
        ("12.9", "10.0", ["cccl"]),
    ],
)
def test_a_build_meets_the_defects_of_its_toolkit_and_its_card(toolkit: str, capability: str, parts: list[str]) -> None:
    assert [row.part for row in find(toolkit, capability)] == parts
