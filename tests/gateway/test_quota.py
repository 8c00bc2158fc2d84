from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remuda.gateway.quota import Meter, Quota
from remuda.gateway.shapes import Fault


def refusal(meter: Meter, now: float) -> Fault:
    fault = meter.begin(now)
    assert fault is not None
    assert fault.status == 429
    return fault


def retry_after_s(fault: Fault) -> int:
    ((name, value),) = fault.headers
    assert name == b"retry-after"
    return int(value)


def test_no_limits() -> None:
    meter = Meter(Quota())
    assert [meter.begin(0.0) for _ in range(100)] == [None] * 100
    meter.spend(10**9, 0.0)
    assert meter.begin(0.0) is None
    assert meter.in_flight == 101


def test_requests_per_minute_start_full_and_come_back() -> None:
    meter = Meter(Quota(requests_per_minute=30))
    assert [meter.begin(100.0) for _ in range(30)] == [None] * 30
    fault = refusal(meter, 100.5)
    assert (fault.code, retry_after_s(fault)) == ("rate_limit_exceeded", 2)
    assert fault.message == "the key has reached its limit of 30 requests per minute; try again in 2 s"
    assert meter.begin(102.0) is None
    assert refusal(meter, 102.0) == refusal(meter, 102.0)


def test_tokens_go_into_debt_and_have_to_be_made_up_for() -> None:
    meter = Meter(Quota(tokens_per_minute=600))
    assert meter.begin(0.0) is None
    meter.spend(900, 0.0)
    fault = refusal(meter, 0.0)
    assert retry_after_s(fault) == 31  # 300 of debt and 1 to take, 10 a second
    assert "600 tokens per minute" in fault.message
    assert meter.begin(30.1) is None


def test_what_is_refused_for_tokens_takes_no_request() -> None:
    meter = Meter(Quota(requests_per_minute=1, tokens_per_minute=60))
    meter.spend(61, 0.0)
    refusal(meter, 0.0)
    assert meter.begin(3.0) is None


def test_requests_at_the_same_time() -> None:
    meter = Meter(Quota(concurrency=2))
    assert [meter.begin(0.0), meter.begin(0.0)] == [None, None]
    fault = refusal(meter, 0.0)
    assert (fault.code, retry_after_s(fault)) == ("too_many_concurrent", 1)
    assert "2 requests" in fault.message
    meter.end()
    assert meter.begin(0.0) is None
    assert meter.in_flight == 2


def test_a_clock_that_stands_still_or_goes_back_fills_nothing() -> None:
    meter = Meter(Quota(requests_per_minute=1))
    assert meter.begin(100.0) is None
    assert [retry_after_s(refusal(meter, now)) for now in (100.0, 50.0)] == [60, 60]


@given(st.integers(1, 1000), st.integers(0, 5000), st.floats(0, 1e6))
def test_who_waits_as_told_is_let_in(per_minute: int, spent: int, now: float) -> None:
    meter = Meter(Quota(requests_per_minute=per_minute, tokens_per_minute=per_minute))
    meter.spend(spent, now)
    fault = meter.begin(now)
    if fault is not None:
        assert meter.begin(now + retry_after_s(fault)) is None


@given(st.integers(1, 120), st.lists(st.floats(0, 5), min_size=1, max_size=200))
def test_no_more_than_the_limit_in_any_minute_beyond_the_first_full_bucket(limit: int, pauses: list[float]) -> None:
    meter, now, let_in = Meter(Quota(requests_per_minute=limit)), 0.0, 0
    for pause in pauses:
        now += pause
        let_in += meter.begin(now) is None
    assert let_in <= math.ceil(limit + now * limit / 60)


@pytest.mark.parametrize("quota", [Quota(), Quota(1, 1, 1)])
def test_ends_are_counted(quota: Quota) -> None:
    meter = Meter(quota)
    meter.begin(0.0)
    meter.end()
    assert meter.in_flight == 0
