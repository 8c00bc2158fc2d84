from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remuda.spec.form import FormError
from remuda.spec.quantity import format_bytes, format_duration, parse_bytes, parse_duration


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("22GiB", 22 * 2**30),
        ("22 GiB", 22 * 2**30),
        ("1.5 GB", 1_500_000_000),
        ("64MiB", 64 * 2**20),
        ("512kB", 512_000),
        ("512KB", 512_000),
        ("1TiB", 2**40),
        ("7B", 7),
        ("0.1GiB", 107_374_182),
        (" 1KiB ", 1024),
        (23622320128, 23622320128),
        (0, 0),
    ],
)
def test_bytes(text: object, expected: int) -> None:
    assert parse_bytes(text) == expected


@pytest.mark.parametrize(
    ("value", "message", "hint"),
    [
        ("22G", "has the unit `G`", "write `GiB` (powers of 1024) or `GB` (powers of 1000)"),
        ("22g", "has the unit `g`", "write `GiB`"),
        ("3 apples", "has the unit `apples`", ""),
        ("lots", "must be an amount of memory, not `lots`", "write a number with a unit"),
        ("22", "must be an amount of memory, not `22`", "write a number with a unit"),
        ("-1GiB", "must be", "write"),
        (-1, "must be", "write"),
        (1.5, "must be", "write"),
        (True, "must be an amount of memory, not `true`", "write"),
        (None, "must be", "write"),
        ([], "must be an amount of memory, not a list", "write"),
        ("٣GiB" * 3, "must be", "write"),
    ],
)
def test_what_is_no_amount_of_bytes(value: object, message: str, hint: str) -> None:
    with pytest.raises(FormError) as caught:
        parse_bytes(value)
    assert caught.value.message.startswith(message)
    assert (caught.value.hint or "").startswith(hint)


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, "0 B"),
        (512, "512 B"),
        (1024, "1 KiB"),
        (22 * 2**30, "22 GiB"),
        (41_016_816_435, "38.2 GiB"),
        (5 * 2**50, "5120 TiB"),
    ],
)
def test_bytes_for_people(count: int, expected: str) -> None:
    assert format_bytes(count) == expected


@given(st.integers(0, 2**50))
def test_bytes_for_people_are_read_as_about_the_same(count: int) -> None:
    assert parse_bytes(format_bytes(count)) == pytest.approx(count, rel=0.051)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("15m", 900.0),
        ("90s", 90.0),
        ("1h30m", 5400.0),
        ("1h 30m", 5400.0),
        ("500ms", 0.5),
        ("2d", 172800.0),
        ("1.5s", 1.5),
        ("1s500ms", 1.5),
        ("0", 0.0),
        (0, 0.0),
        ("0s", 0.0),
        ("never", None),
    ],
)
def test_durations(text: object, expected: float | None) -> None:
    assert parse_duration(text) == expected


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (15, "has no unit: `15`"),
        (1.5, "has no unit: `1.5`"),
        ("15", "must be a duration"),
        ("15 minutes", "must be a duration"),
        ("30m1h", "must be a duration"),
        ("", "must be a duration"),
        ("m", "must be a duration"),
        (-5, "must be a duration"),
        (False, "must be a duration, not `false`"),
        (None, "must be a duration, not nothing"),
    ],
)
def test_what_is_no_duration(value: object, message: str) -> None:
    with pytest.raises(FormError) as caught:
        parse_duration(value)
    assert caught.value.message.startswith(message)
    assert (caught.value.hint or "").startswith("write ")


@given(st.none() | st.integers(0, 10**12).map(lambda ms: ms / 1000))
def test_a_duration_survives_being_written(seconds: float | None) -> None:
    assert parse_duration(format_duration(seconds)) == seconds


def test_durations_as_they_are_written() -> None:
    assert [format_duration(s) for s in (0.0, 900.0, 5400.0, 0.5, None)] == ["0", "15m", "1h30m", "500ms", "never"]
