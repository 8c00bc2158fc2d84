from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remuda.gateway.translate.duration import duration_s


# Most rows are of Go's own test of `time.ParseDuration`.
@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        ("-0", 0.0),
        ("+5s", 5.0),
        ("5m", 300.0),
        ("1h30m", 5400.0),
        ("5.s", 5.0),
        (".5s", 0.5),
        ("1.5h", 5400.0),
        ("-1.5h", -5400.0),
        ("3h30m0.5s", 12600.5),
        ("39h9m14.425s", 140954.425),
        ("10ms", 0.01),
        ("10m10ms", 600.01),
        ("12\u00b5s", 12e-6),
        ("12\u03bcs", 12e-6),
        ("12us", 12e-6),
        ("7ns", 7e-9),
    ],
)
def test_durations_mean_what_go_says(text: str, seconds: float) -> None:
    assert duration_s(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text",
    ["", "3", "-1", "-", "s", ".", "-.", ".s", "+.s", "1d", "5m ", "5 m", "1h-5m", "\u0661s", "1e3s", "inf", "nan"],
)
def test_what_go_refuses_is_none(text: str) -> None:
    assert duration_s(text) is None


@given(st.lists(st.tuples(st.integers(0, 10**9), st.sampled_from([("h", 3600), ("m", 60), ("s", 1)])), min_size=1))
def test_terms_add_up(terms: list[tuple[int, tuple[str, int]]]) -> None:
    text = "".join(f"{count}{unit}" for count, (unit, _) in terms)
    assert duration_s(text) == sum(count * size for count, (_, size) in terms)


def test_a_long_number_without_a_unit_is_refused_at_once() -> None:
    assert duration_s("1" * 1_000_000) is None
