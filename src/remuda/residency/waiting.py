"""The requests that wait, in order of arrival.

Requests for the same model stand together, at the place of the oldest: they are served by the same load. This module
does not decide who may go.
"""

from __future__ import annotations


class Waiting:
    """Who waits for what; every operation but `models` takes constant time."""

    def __init__(self) -> None:
        self._model_of: dict[int, str] = {}
        self._arrivals: dict[str, dict[int, int]] = {}
        self._arrived = 0

    def __bool__(self) -> bool:
        return bool(self._model_of)

    def __contains__(self, request: int) -> bool:
        return request in self._model_of

    def add(self, request: int, model: str) -> None:
        """Put the request behind all others."""
        self._arrived += 1
        self._model_of[request] = model
        self._arrivals.setdefault(model, {})[request] = self._arrived

    def withdraw(self, request: int) -> None:
        """Forget the request, which has to be waiting."""
        model = self._model_of.pop(request)
        requests = self._arrivals[model]
        del requests[request]
        if not requests:
            del self._arrivals[model]

    def take(self, model: str) -> tuple[int, ...]:
        """Remove and return all requests for the model, oldest first."""
        requests = tuple(self._arrivals.pop(model, ()))
        for request in requests:
            del self._model_of[request]
        return requests

    def count(self, model: str) -> int:
        """How many requests wait for the model."""
        return len(self._arrivals.get(model, ()))

    def models(self) -> list[str]:
        """The models that are waited for, the one with the oldest request first."""
        return sorted(self._arrivals, key=lambda model: next(iter(self._arrivals[model].values())))
