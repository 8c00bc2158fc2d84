from __future__ import annotations

import pytest

from remuda.knowledge import features


@pytest.mark.parametrize(
    ("feature", "version", "expected"),
    [
        ("dtype:bfloat16", "0.23.0", ["8.0"]),
        ("marlin", "0.13.0", ["8.0"]),
        ("marlin", "0.14.0", ["7.5"]),
        ("kv-cache:fp8_e4m3", "0.20.0", ["8.9"]),
        ("nonsense", "0.20.0", []),
        ("marlin", "nightly", []),
    ],
)
def test_what_a_feature_needs(feature: str, version: str, expected: list[str]) -> None:
    assert [row.capability for row in features.find("vllm", feature, version)] == expected


def test_every_feature_needs_something() -> None:
    assert all(row.capability or row.targets for row in features.features())
