"""How often a measure fell into which range, as Prometheus counts it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0)
TOKENS_PER_SECOND = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 50.0, 75.0, 100.0, 150.0, 200.0, 300.0, 500.0, 1000.0)


class Histogram:
    """Counts values by upper bounds, which are inclusive and rise."""

    __slots__ = ("_bounds", "_counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def add(self, value: float) -> None:
        """Count a value."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self.total += value

    def add_all(self, values: Sequence[float]) -> None:
        """Count many."""
        rising, counted = sorted(values), 0
        for at, bound in enumerate(self._bounds):
            if counted == len(rising):
                break
            until = bisect_right(rising, bound, counted)
            self._counts[at] += until - counted
            counted = until
        self._counts[-1] += len(rising) - counted
        self.total += sum(values)

    def cumulative(self) -> Iterator[tuple[str, float]]:
        """Every bound, as text, with how many values were not above it; the last bound is `+Inf`."""
        return zip((*map(str, self._bounds), "+Inf"), accumulate(self._counts), strict=True)
