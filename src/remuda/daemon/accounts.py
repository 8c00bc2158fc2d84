"""What was served: counted for `/metrics` since the start, and for `/api/usage` over days and restarts.

A request that is over is only put into a list; what follows from it is worked out later, for some at once: when the
list is long, about every second, and before anybody looks.

Among the last requests are only those that asked for a model: whoever watches asks often, and would see only itself.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, starmap
from operator import attrgetter

import msgspec

from remuda.daemon import report
from remuda.daemon.histogram import SECONDS, TOKENS_PER_SECOND, Histogram
from remuda.edge.usage_store import KEPT_DAYS, KEPT_REQUESTS, Entry, Kept, Total
from remuda.gateway.record import LEFT, Record

DAY_S = 86_400
# What waits is worked out in one go, and other requests wait so long: some 0.2 ms.
_MOST_FRESH = 256
_MS = 1000.0

_Group = tuple[float, str, str]
Sink = Callable[[Sequence[Record]], None]


@dataclass(slots=True)
class ModelCounts:
    """What happened to one model since the daemon started; durations in seconds.

    `failures` counts by kind; an instance that failed while it was starting is one, and no load.
    """

    took: Histogram = field(default_factory=lambda: Histogram(SECONDS))
    queued: Histogram = field(default_factory=lambda: Histogram(SECONDS))
    first_byte: Histogram = field(default_factory=lambda: Histogram(SECONDS))
    speed: Histogram = field(default_factory=lambda: Histogram(TOKENS_PER_SECOND))
    loads: Histogram = field(default_factory=lambda: Histogram(SECONDS))
    stops: Histogram = field(default_factory=lambda: Histogram(SECONDS))
    failures: Counter[str] = field(default_factory=Counter)


class Accounts:
    """The gateway's `Observer`. `kept` is what earlier daemons served; `sinks` are given every request, in batches."""

    def __init__(self, kept: Kept = Kept(), sinks: Iterable[Sink] = ()) -> None:  # noqa: B008  frozen
        self._fresh: list[Record] = []
        self._sinks = tuple(sinks)
        self._totals = {(total.day, total.model, total.key): total for total in kept.totals}
        self._earlier = kept.requests
        self._recent: deque[Record] = deque(maxlen=KEPT_REQUESTS)
        self._count = self._saved_count = kept.requests[-1].id if kept.requests else 0
        self._unsaved: set[tuple[int, str, str]] = set()
        self._models: dict[str, ModelCounts] = {}
        self._requests: Counter[tuple[str, str, int]] = Counter()
        self._tokens: Counter[tuple[str, str, str]] = Counter()

    def ended(self, record: Record) -> None:
        """A request is over."""
        self._fresh.append(record)
        if len(self._fresh) >= _MOST_FRESH:
            self.settle()

    def tell(self, what: report.Report) -> None:
        """Count loads, stops and failures."""
        match what:
            case report.Ready(model=model, took_s=float(took_s)):
                self._model(model).loads.add(took_s)
            case report.Stopped(model=model, took_s=took_s):
                self._model(model).stops.add(took_s)
            case report.Failed(model=model, failure=failure):
                self._model(model).failures[failure.kind.value] += 1
            case _:
                pass

    def settle(self) -> None:
        """Count what has ended since the last time."""
        fresh, self._fresh = self._fresh, []
        if not fresh:
            return
        groups: defaultdict[_Group, list[Record]] = defaultdict(list)
        for record in fresh:
            groups[record.at // DAY_S, record.model, record.key].append(record)
        for group, records in groups.items():
            self._count_group(group, records)
        asking = [record for record in fresh if record.asked or record.model]
        self._recent.extend(asking)
        self._count += len(asking)
        for sink in self._sinks:
            sink(fresh)

    @property
    def count(self) -> int:
        """The number of the last request for a model."""
        self.settle()
        return self._count

    def recent(self) -> list[Entry]:
        """The last requests for models, newest first."""
        self.settle()
        recent = [*self._earlier, *self._since(self._count - len(self._recent))]
        return recent[: -KEPT_REQUESTS - 1 : -1]

    def totals(self, since_day: int) -> list[Total]:
        """Totals of this day and later ones."""
        self.settle()
        return [total for total in self._totals.values() if total.day >= since_day]

    def models(self) -> dict[str, ModelCounts]:
        """What happened to each model of which something is known."""
        self.settle()
        return dict(self._models)

    def requests(self) -> dict[tuple[str, str, int], int]:
        """Requests since the start, by model, key and status."""
        self.settle()
        return dict(self._requests)

    def tokens(self) -> dict[tuple[str, str, str], int]:
        """Tokens since the start, by model, key and kind."""
        self.settle()
        return dict(self._tokens)

    def take_unsaved(self, today: int) -> Kept:
        """What has changed since the last time, to be written down; `restore` it if that fails."""
        self.settle()
        for key in [key for key in self._totals if key[0] <= today - KEPT_DAYS]:
            del self._totals[key]
        unsaved, self._unsaved = self._unsaved & self._totals.keys(), set()
        saved_count, self._saved_count = self._saved_count, self._count
        # Copies: the totals go on changing while they are written.
        totals = tuple(msgspec.structs.replace(self._totals[key]) for key in unsaved)
        return Kept(totals, tuple(self._since(saved_count)))

    def restore(self, kept: Kept) -> None:
        """It could not be written down."""
        self._unsaved |= {(total.day, total.model, total.key) for total in kept.totals}
        if kept.requests:
            self._saved_count = kept.requests[0].id - 1

    def _since(self, number: int) -> Iterator[Entry]:
        """What is left of the requests after this one, of those that this daemon has served."""
        first = self._count - len(self._recent) + 1
        skipped = max(0, number + 1 - first)
        return starmap(Entry, enumerate(islice(self._recent, skipped, None), first + skipped))

    def _model(self, model: str) -> ModelCounts:
        found = self._models.get(model)
        if found is None:
            found = self._models[model] = ModelCounts()
        return found

    def _count_group(self, group: _Group, records: Sequence[Record]) -> None:
        """Count requests of one day, for one model and with one key."""
        day, model, key = group
        statuses = Counter(map(attrgetter("status"), records))
        for status, count in statuses.items():
            self._requests[model, key, status] += count
        usages = [record.usage for record in records if record.usage is not None]
        spent = {
            "prompt": sum([usage.prompt_tokens or 0 for usage in usages]),
            "completion": sum([usage.completion_tokens or 0 for usage in usages]),
            "cached": sum([usage.cached_tokens or 0 for usage in usages]),
        }
        for kind, tokens in spent.items() if usages else ():
            self._tokens[model, key, kind] += tokens
        whose = (int(day), model, key)
        total = self._totals.get(whose)
        if total is None:
            total = self._totals[whose] = Total(*whose)
        self._unsaved.add(whose)
        _add(total, statuses, spent)
        if model:
            _measure(records, self._model(model))


def _measure(records: Sequence[Record], counts: ModelCounts) -> None:
    counts.took.add_all(list(map(attrgetter("took_s"), records)))
    counts.queued.add_all(list(map(attrgetter("queued_s"), records)))
    counts.first_byte.add_all([record.first_byte_s for record in records if record.first_byte_s is not None])
    counts.speed.add_all([speed for speed in map(tokens_per_second, records) if speed is not None])


def tokens_per_second(record: Record) -> float | None:
    """How fast an answer was written: by the engine's own word, else by when its stream began and ended."""
    usage = record.usage
    if usage is None or not usage.completion_tokens:
        return None
    if usage.predicted_ms:
        return usage.completion_tokens / usage.predicted_ms * _MS
    if not record.stream or record.first_byte_s is None or record.took_s <= record.first_byte_s:
        return None
    # The first token's time belongs to the prompt.
    return (usage.completion_tokens - 1) / (record.took_s - record.first_byte_s) or None


def _add(total: Total, statuses: Mapping[int, int], spent: Mapping[str, int]) -> None:
    for status, count in statuses.items():
        total.requests += count
        if status < 400:  # noqa: PLR2004  the classes of HTTP
            total.succeeded += count
        elif status == LEFT:
            total.cancelled += count
        elif status < 500:  # noqa: PLR2004
            total.rejected += count
        else:
            total.failed += count
    total.prompt_tokens += spent["prompt"]
    total.completion_tokens += spent["completion"]
    total.cached_tokens += spent["cached"]
