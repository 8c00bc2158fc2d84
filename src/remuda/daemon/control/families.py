"""The daemon's own metrics: requests, tokens, durations, loads, and what its models are doing.

`model` is empty for requests that led to none: what a client asked for is no label, or anybody could make as many
series as they like.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector

from remuda.daemon.accounts import Accounts, ModelCounts
from remuda.daemon.control.operation import Control
from remuda.daemon.histogram import Histogram
from remuda.residency.states import State
from remuda.residency.status import ModelStatus

_PROCESS = ProcessCollector(registry=None)

_HISTOGRAMS: tuple[tuple[str, str, Callable[[ModelCounts], Histogram]], ...] = (
    ("request_duration_seconds", "From a request's arrival to its end.", lambda counts: counts.took),
    ("queue_seconds", "From a request's arrival until an instance was granted.", lambda counts: counts.queued),
    ("time_to_first_byte_seconds", "From a request's arrival to its answer.", lambda counts: counts.first_byte),
    ("tokens_per_second", "How fast answers were written.", lambda counts: counts.speed),
    ("load_seconds", "From the start of an engine until it was ready.", lambda counts: counts.loads),
    ("stop_seconds", "From the stop of an engine until nothing of it was left.", lambda counts: counts.stops),
)


def own(control: Control) -> Iterator[Metric]:
    """All families of the daemon, as things are now."""
    accounts = control.books.accounts
    yield from _counters(accounts)
    models = accounts.models()
    for name, about, which in _HISTOGRAMS:
        yield _histogram(name, about, {model: which(counts) for model, counts in models.items()})
    yield from _gauges(control.status.residency.snapshot())
    yield from _PROCESS.collect()


def _counters(accounts: Accounts) -> Iterator[Metric]:
    requests = CounterMetricFamily("remuda_requests", "Requests that are over.", labels=("model", "key", "status"))
    for (model, key, status), count in accounts.requests().items():
        requests.add_metric((model, key, str(status)), count)
    yield requests
    tokens = CounterMetricFamily(
        "remuda_tokens",
        "Tokens that engines counted; those of a prompt with those that were cached.",
        labels=("model", "key", "kind"),
    )
    for labels, count in accounts.tokens().items():
        tokens.add_metric(labels, count)
    yield tokens
    failures = CounterMetricFamily(
        "remuda_failures", "Engines that did not come up or did not stay up.", labels=("model", "reason")
    )
    for model, counts in accounts.models().items():
        for reason, count in counts.failures.items():
            failures.add_metric((model, reason), count)
    yield failures


def _histogram(name: str, about: str, by_model: dict[str, Histogram]) -> Metric:
    family = HistogramMetricFamily(f"remuda_{name}", about, labels=("model",))
    for model, histogram in by_model.items():
        family.add_metric((model,), list(histogram.cumulative()), histogram.total)
    return family


def _gauges(snapshot: tuple[ModelStatus, ...]) -> Iterator[Metric]:
    in_flight = GaugeMetricFamily("remuda_in_flight", "Requests that are being answered.", labels=("model",))
    waiting = GaugeMetricFamily("remuda_waiting", "Requests that wait for an instance.", labels=("model",))
    state = GaugeMetricFamily("remuda_model_state", "1 for the state that a model is in.", labels=("model", "state"))
    for seen in snapshot:
        in_flight.add_metric((seen.model,), seen.in_flight)
        waiting.add_metric((seen.model,), seen.waiting)
        for name in State:
            state.add_metric((seen.model, name.value), name == seen.state)
    yield from (in_flight, waiting, state)
