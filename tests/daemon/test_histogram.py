import pytest
from hypothesis import given
from hypothesis import strategies as st

from remuda.daemon.histogram import Histogram


@pytest.mark.parametrize(
    ("value", "counts"),
    [(0.5, [1, 1, 1]), (1.0, [1, 1, 1]), (1.5, [0, 1, 1]), (2.0, [0, 1, 1]), (9.0, [0, 0, 1])],
)
def test_a_bound_counts_what_is_not_above_it(value: float, counts: list[float]) -> None:
    histogram = Histogram((1.0, 2.0))
    histogram.add(value)
    assert list(histogram.cumulative()) == list(zip(("1.0", "2.0", "+Inf"), counts, strict=True))


@given(st.lists(st.floats(0, 1e6)))
def test_the_last_bound_counts_everything_and_the_total_is_the_sum(values: list[float]) -> None:
    histogram = Histogram((0.1, 10.0))
    for value in values:
        histogram.add(value)
    assert list(histogram.cumulative())[-1] == ("+Inf", len(values))
    assert histogram.total == sum(values)
