from __future__ import annotations

import pytest

from remuda.engines.told import count, is_on, setting


def test_a_flag_has_several_names_and_spellings() -> None:
    assert setting({"ctx_size": 5}, "ctx-size", "c") == 5
    assert setting({"c": 5}, "ctx-size", "c") == 5
    assert setting({"ctx-size": None, "c": 5}, "ctx-size", "c") == 5
    assert setting({}, "ctx-size") is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (5, 5),
        ("5", 5),
        (0, None),
        (-1, None),
        (True, None),
        (1.5, None),
        ("${env:N}", None),
        ("auto", None),
        (None, None),
    ],
)
def test_counts(value: object, expected: int | None) -> None:
    assert count(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [(True, True), (False, False), (None, False), ("true", False), (1, False)]
)
def test_switches(value: object, expected: bool) -> None:  # noqa: FBT001
    assert is_on({"x": value}, "x") is expected
