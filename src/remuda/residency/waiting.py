"""The requests that wait, by priority and then in order of arrival.

Requests for the same model stand together, at the place of the best of them: they are served by the same load. This
module does not decide who may go.
"""

from __future__ import annotations


class Waiting:
    """Who waits for what; every operation but `models` takes constant time (for a bounded number of priorities)."""

    def __init__(self) -> None:
        self._place_of: dict[int, tuple[str, int]] = {}
        self._arrivals: dict[str, dict[int, dict[int, int]]] = {}
        self._arrived = 0

    def __bool__(self) -> bool:
        return bool(self._place_of)

    def __contains__(self, request: int) -> bool:
        return request in self._place_of

    def add(self, request: int, model: str, priority: int = 0) -> None:
        """Put the request behind all others of its priority."""
        self._arrived += 1
        self._place_of[request] = (model, priority)
        self._arrivals.setdefault(model, {}).setdefault(priority, {})[request] = self._arrived

    def withdraw(self, request: int) -> None:
        """Forget the request, which has to be waiting."""
        model, priority = self._place_of.pop(request)
        priorities = self._arrivals[model]
        del priorities[priority][request]
        if not priorities[priority]:
            del priorities[priority]
        if not priorities:
            del self._arrivals[model]

    def take(self, model: str) -> tuple[int, ...]:
        """Remove and return all requests for the model, the best first."""
        priorities = self._arrivals.pop(model, {})
        requests = tuple(request for priority in sorted(priorities, reverse=True) for request in priorities[priority])
        for request in requests:
            del self._place_of[request]
        return requests

    def count(self, model: str) -> int:
        """How many requests wait for the model."""
        return sum(map(len, self._arrivals.get(model, {}).values()))

    def models(self) -> list[str]:
        """The models that are waited for, the one with the best request first."""
        return sorted(self._arrivals, key=self._best)

    def _best(self, model: str) -> tuple[int, int]:
        priorities = self._arrivals[model]
        best = max(priorities)
        return -best, next(iter(priorities[best].values()))
