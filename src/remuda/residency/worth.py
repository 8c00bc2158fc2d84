"""What an instance is worth: what it costs to send it away, in seconds of waiting.

Two counts of its uses that decay, one slowly (is it likely to be asked for again?) and one quickly (at which rate is
it asked for now?). A use is only counted, as granting should take no time, and dated when somebody asks. Loads, drains
and the pauses between requests are as long as they were the last times.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

_REUSE_HALF_LIFE_S = 600.0
_RATE_HALF_LIFE_S = 60.0
_OF_THE_LAST = 0.5


@dataclass(slots=True)
class Worth:
    """What is known of the use of one model, over all its attempts.

    `load_s`, `wake_s`: how long its last start and its last waking took, None before the first. `drain_s`: how long it
    takes to finish its requests. `pause_s`: how long after the end of its last request it is asked for again, infinite
    before that has been seen.
    """

    load_s: float | None = None
    wake_s: float | None = None
    drain_s: float = 0.0
    pause_s: float = math.inf
    _paused_at: float | None = None
    _reuse: float = 0.0
    _recent: float = 0.0
    _dated: float = -math.inf
    _undated: int = 0

    def use(self) -> None:
        """It is used once more."""
        self._undated += 1

    def have_drained(self, took_s: float) -> None:
        """It has finished its requests while it got no new ones."""
        self.drain_s = _mixed(self.drain_s, took_s)

    def pause(self, now: float) -> None:
        """It has finished all of its requests."""
        self._paused_at = now

    def resume(self, now: float) -> None:
        """It is asked for, whether it is up or has had to go meanwhile."""
        if self._paused_at is None:
            return
        pause_s = now - self._paused_at
        self.pause_s = pause_s if math.isinf(self.pause_s) else _mixed(self.pause_s, pause_s)
        self._paused_at = None

    def reuse(self, now: float) -> float:
        """How often it was used, of late."""
        self._date(now)
        return self._reuse

    def uses_per_s(self, now: float) -> float:
        """At which rate it has been used in the last minute or so."""
        self._date(now)
        return self._recent * math.log(2) / _RATE_HALF_LIFE_S

    def _date(self, now: float) -> None:
        passed_s = now - self._dated
        if passed_s > 0:
            self._reuse *= 0.5 ** (passed_s / _REUSE_HALF_LIFE_S)
            self._recent *= 0.5 ** (passed_s / _RATE_HALF_LIFE_S)
            self._dated = now
        self._reuse += self._undated
        self._recent += self._undated
        self._undated = 0


def _mixed(before_s: float, last_s: float) -> float:
    return before_s + _OF_THE_LAST * (last_s - before_s)
