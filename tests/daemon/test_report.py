import pytest

from remuda import __version__
from remuda.daemon import report
from remuda.engines.contract import Failure, FailureKind
from remuda.errors import Problem

REPORTS: dict[str, report.Report] = {
    "no room": report.Noted(Problem("no room")),
    f"remuda {__version__} serves at http://h:1/v1": report.Serving("http://h:1"),
    "starting": report.Starting("a"),
    "ready at http://h:2 in 0.25 s": report.Ready("a", "http://h:2", 0.25),
    "ready at http://h:2, taken over": report.Ready("a", "http://h:2", None),
    "stopping: idle": report.Stopping("a", "idle"),
    "falling asleep: evicted for `b`": report.FallingAsleep("a", "evicted for `b`"),
    "asleep in 0.50 s": report.Asleep("a", 0.5),
    "asleep, taken over": report.Asleep("a", None),
    "waking": report.Waking("a"),
    "awake at http://h:2 in 0.25 s": report.Awake("a", "http://h:2", 0.25),
    "saved the cache of 1 slots": report.CacheKept("a", "saved the cache of 1 slots"),
    "stopped in 1.00 s": report.Stopped("a", 1),
    "failed (out_of_memory): too large": report.Failed("a", Failure(FailureKind.OUT_OF_MEMORY, "too large")),
    "finishing 2 requests, then stopping": report.ShuttingDown(2, "stopping"),
    "finishing 1 request, then stopping": report.ShuttingDown(1, "stopping"),
    "giving way": report.ShuttingDown(0, "giving way"),
    "hook failed": report.HookFailed("a", "hook failed"),
    "1 GiB did not come back": report.MemoryKept("a", "1 GiB did not come back"),
    "the fleet file is in force": report.FileRead("the fleet file is in force"),
    "a bug in remuda, while stopping a: oops": report.Trouble("stopping a", "oops"),
}


@pytest.mark.parametrize(("words", "what"), REPORTS.items())
def test_every_report_has_a_sentence(words: str, what: report.Report) -> None:
    assert report.sentence(what) == words


def test_both_are_told() -> None:
    first: list[report.Report] = []
    second: list[report.Report] = []
    report.both(first.append, second.append)(report.Starting("a"))
    assert first == second == [report.Starting("a")]
