from collections.abc import Sequence

import pytest

from remuda.daemon import report
from remuda.daemon.accounts import Accounts, tokens_per_second
from remuda.edge.usage_store import KEPT_DAYS, KEPT_REQUESTS, Entry, Kept, Total
from remuda.engines.contract import Failure, FailureKind
from remuda.gateway.record import Record, Usage
from tests.daemon.records import AT, DAY, record


def accounts(*records: Record) -> Accounts:
    books = Accounts()
    for each in records:
        books.ended(each)
    return books


def test_requests_and_tokens_are_counted_by_model_and_key() -> None:
    books = accounts(record(), record(), record(key="cli", usage=None), record(model="other", status=503))
    assert books.requests() == {
        ("tiny", "roo", 200): 2,
        ("tiny", "cli", 200): 1,
        ("other", "roo", 503): 1,
    }
    assert books.tokens()["tiny", "roo", "prompt"] == 20
    assert books.tokens()["tiny", "roo", "completion"] == 42
    assert books.tokens()["tiny", "roo", "cached"] == 8


@pytest.mark.parametrize(
    ("status", "kind"),
    [(200, "succeeded"), (302, "succeeded"), (404, "rejected"), (429, "rejected"), (499, "cancelled"), (502, "failed")],
)
def test_a_total_tells_how_requests_ended(status: int, kind: str) -> None:
    (total,) = accounts(record(status=status)).totals(0)
    kinds = ("succeeded", "rejected", "cancelled", "failed")
    assert {name: getattr(total, name) for name in kinds} == {**dict.fromkeys(kinds, 0), kind: 1}
    assert (total.day, total.model, total.key, total.requests) == (DAY, "tiny", "roo", 1)


def test_totals_are_of_days() -> None:
    books = accounts(record(), record(at=AT + 86_400))
    assert [total.day for total in books.totals(0)] == [DAY, DAY + 1]
    assert [total.day for total in books.totals(DAY + 1)] == [DAY + 1]


def test_durations_are_measured_for_each_model_and_not_for_none() -> None:
    books = accounts(record(), record(model="", first_byte_s=None), record(first_byte_s=None))
    (counts,) = books.models().values()
    assert counts.took.total == 5.0
    assert counts.queued.total == 0.002
    assert counts.first_byte.total == 0.5


def test_loads_stops_and_failures_are_counted_as_they_are_reported() -> None:
    books = Accounts()
    failure = Failure(FailureKind.OUT_OF_MEMORY, "too big")
    for what in (
        report.Starting("tiny"),
        report.Ready("tiny", "", 2.5),
        report.Ready("tiny", "", None),
        report.Stopped("tiny", 1.5),
        report.Failed("tiny", failure),
    ):
        books.tell(what)
    counts = books.models()["tiny"]
    assert list(counts.loads.cumulative())[-1] == ("+Inf", 1)  # what was taken over was not loaded
    assert (counts.loads.total, counts.stops.total) == (2.5, 1.5)
    assert counts.failures == {"out_of_memory": 1}


def test_the_last_requests_are_kept_and_numbered_without_a_gap() -> None:
    books = accounts(*(record(number=number) for number in range(KEPT_REQUESTS)))
    books.settle()
    for number in range(KEPT_REQUESTS, 3 * KEPT_REQUESTS):
        books.ended(record(number=number))
    recent = books.recent()
    assert [entry.id for entry in recent] == list(range(3 * KEPT_REQUESTS, 2 * KEPT_REQUESTS, -1))
    assert [entry.record.number for entry in recent] == [entry.id - 1 for entry in recent]
    assert books.count == 3 * KEPT_REQUESTS


def test_who_only_watches_is_counted_but_not_among_the_last_requests() -> None:
    books = accounts(record(asked="", model="", path="/metrics"), record(asked="unknown", model="", status=404))
    assert [entry.record.asked for entry in books.recent()] == ["unknown"]
    assert books.count == 1
    assert sum(books.requests().values()) == 2


def test_what_nobody_settles_does_not_grow_without_end() -> None:
    batches: list[Sequence[Record]] = []
    books = Accounts(sinks=(batches.append,))
    for _ in range(1000):
        books.ended(record())
    assert sum(map(len, batches)) >= 700
    books.settle()
    assert sum(map(len, batches)) == 1000


def test_it_goes_on_where_the_last_daemon_ended() -> None:
    kept = Kept((Total(DAY, "tiny", "roo", requests=5, succeeded=5),), (Entry(70, record(number=7)),))
    books = Accounts(kept)
    books.ended(record())
    (total,) = books.totals(0)
    assert (total.requests, total.prompt_tokens) == (6, 10)
    assert [entry.id for entry in books.recent()] == [71, 70]
    assert books.requests() == {("tiny", "roo", 200): 1}


def test_only_what_has_changed_is_written_down_and_again_if_that_fails() -> None:
    books = Accounts(Kept((Total(DAY, "old", ""),), (Entry(1, record()),)))
    books.ended(record())
    unsaved = books.take_unsaved(DAY)
    assert [(total.model, total.requests) for total in unsaved.totals] == [("tiny", 1)]
    assert [entry.id for entry in unsaved.requests] == [2]
    assert books.take_unsaved(DAY) == Kept()
    books.restore(unsaved)
    books.ended(record())
    again = books.take_unsaved(DAY)
    assert unsaved.totals[0].requests == 1, "what is being written changed meanwhile"
    assert [total.requests for total in again.totals] == [2]
    assert [entry.id for entry in again.requests] == [2, 3]


def test_days_are_forgotten() -> None:
    books = Accounts(Kept((Total(DAY - KEPT_DAYS, "old", ""), Total(DAY - KEPT_DAYS + 1, "kept", ""))))
    books.take_unsaved(DAY)
    assert [total.model for total in books.totals(0)] == ["kept"]


@pytest.mark.parametrize(
    ("speed", "changed"),
    [
        (10.0, {}),
        (42.0, {"usage": Usage(1, 21, 0, 5.0, 500.0), "stream": False}),
        (None, {"stream": False}),
        (None, {"usage": None}),
        (None, {"usage": Usage(1, 0)}),
        (None, {"usage": Usage(1, 1)}),
        (None, {"first_byte_s": None}),
        (None, {"first_byte_s": 2.5}),
    ],
)
def test_speed_is_the_engines_word_or_that_of_the_stream(speed: float | None, changed: dict[str, object]) -> None:
    assert tokens_per_second(record(**changed)) == speed
