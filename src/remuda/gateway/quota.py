"""How much a key may ask for: requests and tokens in a minute, requests at the same time.

Two token buckets that start full and are filled again all the time. How many tokens a request takes is known when it is
over, so their bucket may go into debt; nothing is let in until it is out of it. What is refused costs nothing.

One `Meter` belongs to one key and has no clock: `now` is in seconds, from any moment on.
"""

from __future__ import annotations

import math
from http import HTTPStatus

import msgspec

from remuda.gateway.shapes import Fault

_MINUTE_S = 60.0
_ONE = 1 - 1e-9  # whoever waits exactly as long as told is let in, in spite of rounding


class Quota(msgspec.Struct, frozen=True):
    """The limits of a key; None: no limit."""

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    concurrency: int | None = None


class Meter:
    """What a key has left of its quota."""

    __slots__ = ("_in_flight", "_quota", "_requests", "_tokens")

    def __init__(self, quota: Quota) -> None:
        self._quota = quota
        self._in_flight = 0
        self._requests = _bucket(quota.requests_per_minute)
        self._tokens = _bucket(quota.tokens_per_minute)

    @property
    def quota(self) -> Quota:
        """The limits."""
        return self._quota

    @property
    def in_flight(self) -> int:
        """How many requests have begun and not ended."""
        return self._in_flight

    def begin(self, now: float) -> Fault | None:
        """Let a request in, or say why not. `end` is called once after every request that was let in."""
        limit = self._quota.concurrency
        if limit is not None and self._in_flight >= limit:
            return _too_many(limit)
        requests, tokens = self._requests, self._tokens
        if tokens is not None and (wait_s := tokens.wait_s(now)) > 0:
            return _too_fast(f"{tokens.per_minute} tokens", wait_s)
        if requests is not None:
            if (wait_s := requests.wait_s(now)) > 0:
                return _too_fast(f"{requests.per_minute} requests", wait_s)
            requests.take(1, now)
        self._in_flight += 1
        return None

    def end(self) -> None:
        """A request is over."""
        self._in_flight -= 1

    def spend(self, tokens: int, now: float) -> None:
        """A request has taken so many tokens."""
        if self._tokens is not None:
            self._tokens.take(tokens, now)


class _Bucket:
    """Holds what may be taken at once: at most a minute's worth, perhaps less than nothing."""

    __slots__ = ("_at", "_level", "per_minute")

    def __init__(self, per_minute: int) -> None:
        self.per_minute = per_minute
        self._level = float(per_minute)
        self._at = -math.inf

    def wait_s(self, now: float) -> float:
        """How long until one can be taken; 0 if it can."""
        self._fill(now)
        return max(0.0, (_ONE - self._level) * _MINUTE_S / self.per_minute)

    def take(self, count: int, now: float) -> None:
        """Take so many, whether they are there or not."""
        self._fill(now)
        self._level -= count

    def _fill(self, now: float) -> None:
        if now > self._at:
            self._level = min(float(self.per_minute), self._level + (now - self._at) * self.per_minute / _MINUTE_S)
            self._at = now


def _bucket(per_minute: int | None) -> _Bucket | None:
    return None if per_minute is None else _Bucket(per_minute)


def _too_fast(limit: str, wait_s: float) -> Fault:
    seconds = math.ceil(wait_s)
    message = f"the key has reached its limit of {limit} per minute; try again in {seconds} s"
    return _refusal(message, "rate_limit_exceeded", seconds)


def _too_many(limit: int) -> Fault:
    message = f"the key has {limit} requests under way, as many as it may have at once; try again when one is over"
    return _refusal(message, "too_many_concurrent", 1)


def _refusal(message: str, code: str, seconds: int) -> Fault:
    return Fault(HTTPStatus.TOO_MANY_REQUESTS, message, code, headers=((b"retry-after", b"%d" % seconds),))
