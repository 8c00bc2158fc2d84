from __future__ import annotations

from datetime import UTC, datetime

from remuda.edge.clock import unix_s


def test_it_is_the_time_that_people_have() -> None:
    assert abs(unix_s() - datetime.now(UTC).timestamp()) < 5
