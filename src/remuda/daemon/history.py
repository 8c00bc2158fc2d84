"""What became of the attempts to run each model: kept in memory, as many as their logs are kept on disk."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from remuda.edge import engine_log
from remuda.engines.contract import Failure


@dataclass(frozen=True, slots=True)
class Ended:
    """An attempt that is over.

    `log`: the number under which its log is kept, None when it did not come to one. `ended_at`: in seconds since 1970.
    `ready_s`: how long it took to be ready, None when it was not. `failure`: a word of `FailureKind`, None when it was
    stopped; `reason` says why, `last_lines` are those of its log.
    """

    log: int | None
    ended_at: float
    lasted_s: float
    ready_s: float | None
    failure: str | None
    reason: str
    last_lines: tuple[str, ...] = ()


class History:
    """The last attempts of each model. `clock` gives seconds since 1970."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._ended: dict[str, deque[Ended]] = {}

    def of(self, model: str) -> tuple[Ended, ...]:
        """A model's attempts that are over, the last one first."""
        return tuple(reversed(self._ended.get(model, ())))

    def failed(self, model: str, why: Failure, *, log: int | None, lasted_s: float, ready_s: float | None) -> None:
        """An attempt ended by itself."""
        last_lines = why.log_tail
        self._add(model, Ended(log, self._clock(), lasted_s, ready_s, why.kind.value, why.message, last_lines))

    def stopped(self, model: str, reason: str, *, log: int | None, lasted_s: float, ready_s: float | None) -> None:
        """An attempt was ended."""
        self._add(model, Ended(log, self._clock(), lasted_s, ready_s, None, reason))

    def _add(self, model: str, ended: Ended) -> None:
        self._ended.setdefault(model, deque(maxlen=engine_log.KEPT)).append(ended)
