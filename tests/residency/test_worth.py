from __future__ import annotations

import math

import pytest

from remuda.residency.worth import Worth


def test_uses_count_less_as_time_passes() -> None:
    worth = Worth()
    for _ in range(4):
        worth.use()
    assert worth.reuse(100.0) == 4.0
    assert worth.reuse(700.0) == pytest.approx(2.0)
    worth.use()
    assert worth.reuse(1_300.0) == pytest.approx(2.0)


def test_the_rate_forgets_sooner() -> None:
    worth = Worth()
    for second in range(600):
        worth.use()
        assert worth.uses_per_s(float(second)) <= 1.0 + 0.05
    assert worth.uses_per_s(600.0) == pytest.approx(1.0, rel=0.05)
    assert worth.uses_per_s(900.0) < 0.05


def test_a_pause_is_expected_to_take_as_long_as_the_last_ones_did() -> None:
    worth = Worth()
    assert worth.pause_s == math.inf
    for paused_at, resumed_at in ((10.0, 14.0), (20.0, 22.0)):
        worth.pause(paused_at)
        worth.resume(resumed_at)
        worth.resume(resumed_at + 1.0)
    assert worth.pause_s == 3.0


def test_a_drain_is_expected_to_take_as_long_as_the_last_ones_did() -> None:
    worth = Worth()
    assert worth.drain_s == 0.0
    worth.have_drained(8.0)
    worth.have_drained(8.0)
    assert worth.drain_s == 6.0
