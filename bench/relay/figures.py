"""The figures: how each is measured, and the bar that Remuda has to meet."""

from __future__ import annotations

import asyncio
import itertools
import math
import statistics
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.relay import usage
from bench.relay.load import Asker, Reader, Tally, crowd, first_events, once, request
from bench.relay.proxies import Running

DIRECT = "direct"
SETTLING_S = 0.5
LARGE_BYTES = 8 * 1000 * 1000
_LARGE_TIMES = 5
_SMALL_BYTES = 850

Values = dict[str, float]
"""One measurement: a number for each column of its figure."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is asked: a proxy, or the engine directly, and for how long. Without `proxy`, nothing is charged."""

    name: str
    port: int
    seconds: float
    proxy: Running | None

    def cpu_s(self) -> float:
        return usage.cpu_s(self.proxy.pid) if self.proxy else math.nan


@dataclass(frozen=True, slots=True)
class Bar:
    """The most that Remuda's number may be: `factor` times that of `of`, and `plus`."""

    column: str
    of: str = ""
    factor: float = 0.0
    plus: float = 0.0

    def limit(self, values: Mapping[str, Values]) -> float | None:
        """The number; None when `of` was not measured."""
        if not self.of:
            return self.plus
        return self.factor * values[self.of][self.column] + self.plus if self.of in values else None

    def __str__(self) -> str:
        times = f"{self.factor:g} times {self.of}'s" if self.of else ""
        return " + ".join(part for part in (times, f"{self.plus:g}" if self.plus or not self.of else "") if part)


@dataclass(frozen=True, slots=True)
class Figure:
    """One table; each measurement needs a proxy that has done nothing before."""

    key: str
    title: str
    columns: tuple[str, ...]
    bars: tuple[Bar, ...]
    measure: Callable[[Subject], Coroutine[Any, Any, Values]]


async def _requests(subject: Subject, connections: int) -> Values:
    # No two requests in a row are equally long, as nobody says the same thing twice.
    tally, payloads = Tally(), itertools.cycle([request(content_bytes=_SMALL_BYTES + extra) for extra in range(64)])
    async with crowd(subject.port, connections, lambda: Asker(tally, payloads)):
        await asyncio.sleep(SETTLING_S)
        tally.begin()
        cpu_s, began = subject.cpu_s(), time.perf_counter()
        await asyncio.sleep(subject.seconds)
        cpu_s, took_s = subject.cpu_s() - cpu_s, time.perf_counter() - began
        latencies_us = [latency_s * 1e6 for latency_s in tally.latencies_s]
        count, failures = tally.count, tally.failures
    if len(latencies_us) < 2 or failures:
        raise SystemExit(f"{subject.name}: {count} answers, {failures} of them errors")
    cuts = statistics.quantiles(latencies_us, n=100)
    return {"CPU µs": cpu_s / count * 1e6, "per s": count / took_s, "p50 µs": cuts[49], "p99 µs": cuts[98]}


async def _small(subject: Subject) -> Values:
    return await _requests(subject, 32)


async def _single(subject: Subject) -> Values:
    return await _requests(subject, 1)


async def _chunks(subject: Subject, streams: int, events_per_s: int) -> Values:
    tally, payload = Tally(), request(events_per_s=events_per_s)
    async with crowd(subject.port, streams, lambda: Reader(tally, payload)):
        await asyncio.sleep(2 * SETTLING_S)
        tally.begin()
        cpu_s, began = subject.cpu_s(), time.perf_counter()
        await asyncio.sleep(subject.seconds)
        cpu_s, took_s = subject.cpu_s() - cpu_s, time.perf_counter() - began
        count = tally.count
    return {"CPU µs": cpu_s / max(count, 1) * 1e6, "per s": count / took_s}


async def _chunks_64(subject: Subject) -> Values:
    return await _chunks(subject, 64, 100)


async def _chunks_512(subject: Subject) -> Values:
    return await _chunks(subject, 512, 20)


async def _first(subject: Subject) -> Values:
    latencies_s = await asyncio.to_thread(first_events, subject.port, 512, request(events_per_s=1))
    await asyncio.sleep(SETTLING_S)
    return {"p50 ms": statistics.median(latencies_s) * 1e3, "last ms": max(latencies_s) * 1e3}


async def _open(subject: Subject) -> Values:
    tally, payload = Tally(), request(events_per_s=1)
    readers: list[Reader] = []

    def reader() -> Reader:
        readers.append(Reader(tally, payload))
        return readers[-1]

    async with crowd(subject.port, 2000, reader):
        await asyncio.sleep(3 + subject.seconds)
        before = [each.events for each in readers]
        await asyncio.sleep(3)
        lost = sum(each.is_lost or each.events == events for each, events in zip(readers, before, strict=True))
        rss_bytes = usage.rss_bytes(subject.proxy.pid) if subject.proxy else math.nan
    return {"lost": lost, "MiB": rss_bytes / usage.MIB}


async def _large(subject: Subject) -> Values:
    once(subject.port, request())
    payload = request(content_bytes=LARGE_BYTES)
    growth_bytes = math.nan
    if subject.proxy:
        usage.forget_peak(subject.proxy.pid)
        before_bytes = usage.rss_bytes(subject.proxy.pid)
        once(subject.port, payload)
        growth_bytes = usage.peak_bytes(subject.proxy.pid) - before_bytes
    took_s = [once(subject.port, payload) for _ in range(_LARGE_TIMES)]
    return {"memory / body": growth_bytes / len(payload), "ms": statistics.median(took_s) * 1e3}


FIGURES: Sequence[Figure] = (
    Figure(
        "small",
        "small request: 1 kB of JSON, ten fields, 32 connections",
        ("CPU µs", "per s", "p50 µs", "p99 µs"),
        (Bar("CPU µs", "haproxy", 1.5), Bar("CPU µs", "sglang-router", 0.4)),
        _small,
    ),
    Figure(
        "chunks-64",
        "chunk of a stream: 64 streams, 100 events a second each",
        ("CPU µs", "per s"),
        (Bar("CPU µs", "haproxy", 1.25),),
        _chunks_64,
    ),
    Figure(
        "chunks-512",
        "chunk of a stream: 512 streams, 20 events a second each",
        ("CPU µs", "per s"),
        (Bar("CPU µs", "haproxy", 1.25),),
        _chunks_512,
    ),
    Figure(
        "latency",
        "small request, one connection",
        ("p50 µs", "p99 µs", "CPU µs"),
        (Bar("p50 µs", "haproxy", 1.3), Bar("p99 µs", plus=1000)),
        _single,
    ),
    Figure(
        "first",
        "first event of 512 streams that are opened at once",
        ("p50 ms", "last ms"),
        (Bar("p50 ms", "nginx", 1, 10),),
        _first,
    ),
    Figure(
        "open",
        "2,000 open streams, one event a second each",
        ("lost", "MiB"),
        (Bar("lost"), Bar("MiB", plus=150)),
        _open,
    ),
    Figure(
        "large",
        "body of 8 MB",
        ("memory / body", "ms"),
        (Bar("memory / body", plus=1.3), Bar("ms", DIRECT, 1, 15)),
        _large,
    ),
)
