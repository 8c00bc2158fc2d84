"""The requests that wait, by model and in order of arrival.

Requests for the same model stand together: they are served by the same load. Which model's turn it is:

1. those with a request that has waited for `max_wait_s`, in the order of these requests;
2. those with the highest priority;
3. the one that was asked for first; but a model that takes long to load lets others pass that come little later, by as
   much time as its load takes for each of its requests. So a load that serves many goes before one that serves few.

This module does not decide who may go.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class _Arrival:
    number: int
    at: float
    priority: int


@dataclass(slots=True)
class _Line:
    """All requests for one model, by priority and then in order of arrival, and the sum of their times of arrival."""

    arrivals: dict[int, dict[int, _Arrival]] = field(default_factory=dict)
    sum_of_times: float = 0.0
    count: int = 0

    def add(self, request: int, arrival: _Arrival) -> None:
        self.arrivals.setdefault(arrival.priority, {})[request] = arrival
        self.sum_of_times += arrival.at
        self.count += 1

    def remove(self, request: int, priority: int) -> None:
        self.sum_of_times -= self.arrivals[priority].pop(request).at
        self.count -= 1
        if not self.arrivals[priority]:
            del self.arrivals[priority]

    @property
    def oldest(self) -> _Arrival:
        if len(self.arrivals) == 1:
            return self.best
        return min(map(_first, self.arrivals.values()), key=lambda arrival: arrival.number)

    @property
    def best(self) -> _Arrival:
        """The first of those with the highest priority."""
        return _first(self.arrivals[max(self.arrivals)])


def _first(arrivals: dict[int, _Arrival]) -> _Arrival:
    return next(iter(arrivals.values()))


class Waiting:
    """Who waits for what."""

    def __init__(self) -> None:
        self._places: dict[int, tuple[str, int]] = {}
        self._lines: dict[str, _Line] = {}
        self._arrived = 0

    def __bool__(self) -> bool:
        return bool(self._places)

    def __contains__(self, request: int) -> bool:
        return request in self._places

    def add(self, request: int, model: str, priority: int = 0, at: float = 0.0) -> None:
        """Put the request behind all others of its model and priority."""
        self._arrived += 1
        self._places[request] = (model, priority)
        self._lines.setdefault(model, _Line()).add(request, _Arrival(self._arrived, at, priority))

    def withdraw(self, request: int) -> str:
        """Forget the request, which has to be waiting; returns the model that it waited for."""
        model, priority = self._places.pop(request)
        line = self._lines[model]
        line.remove(request, priority)
        if not line.count:
            del self._lines[model]
        return model

    def take(self, model: str) -> tuple[tuple[int, int], ...]:
        """Remove and return all requests for the model with their priorities, the best first."""
        line = self._lines.pop(model, _Line())
        priorities = sorted(line.arrivals, reverse=True)
        taken = tuple((request, priority) for priority in priorities for request in line.arrivals[priority])
        for request, _ in taken:
            del self._places[request]
        return taken

    def count(self, model: str) -> int:
        """How many requests wait for the model."""
        line = self._lines.get(model)
        return line.count if line else 0

    def since(self, model: str) -> float:
        """When the oldest of the requests for the model arrived; there has to be one."""
        return self._lines[model].oldest.at

    def priority(self, model: str) -> int:
        """The highest priority of the requests for the model; there has to be one."""
        return max(self._lines[model].arrivals)

    def waited_s(self, model: str, now: float) -> float:
        """How long all requests for the model have waited together."""
        line = self._lines[model]
        return line.count * now - line.sum_of_times

    def models(self) -> list[str]:
        """The models that are waited for, in no order that means anything."""
        return list(self._lines)

    def in_turn(self, now: float, max_wait_s: float, load_s: Callable[[str], float]) -> list[str]:
        """The models that are waited for, the one whose turn it is first; `load_s`: how long its start would take."""

        def turn(model: str) -> tuple[bool, int, float, int]:
            line = self._lines[model]
            oldest, best = line.oldest, line.best
            if oldest.at + max_wait_s <= now:
                return False, 0, 0.0, oldest.number
            return True, -best.priority, best.at + load_s(model) / line.count, best.number

        return sorted(self._lines, key=turn)
