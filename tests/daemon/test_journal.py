from remuda.daemon import report
from remuda.daemon.journal import KEPT_LINES, Journal, JournalFollower
from tests.daemon.records import AT, record


def journal() -> Journal:
    return Journal(lambda: AT)


def test_reports_and_requests_are_lines() -> None:
    log = journal()
    log.tell(report.Starting("tiny"))
    log.tell(report.Serving("http://x"))
    log.take([record(), record(model="", status=404, error="model_not_found")])
    assert log.since(0).splitlines()[0] == "2026-09-21T14:13:20.250Z tiny: starting"
    assert log.since(1).splitlines()[0].endswith("serves at http://x/v1")
    assert log.since(2).splitlines() == [
        "2026-09-21T14:13:20.250Z 127.0.0.1 POST /v1/chat/completions 200 tiny 2.500 s 2000 bytes",
        "2026-09-21T14:13:20.250Z 127.0.0.1 POST /v1/chat/completions 404 - 2.500 s 2000 bytes model_not_found",
    ]


def test_who_only_watches_is_no_line_unless_it_fails() -> None:
    log = journal()
    log.take([record(asked="", model=""), record(asked="", model="", status=401)])
    assert [line.split()[4] for line in log.since(0).splitlines()] == ["401"]


def test_it_keeps_the_last_lines() -> None:
    log = journal()
    log.take([record(path=f"/{number}") for number in range(KEPT_LINES + 5)])
    assert len(log.since(0).splitlines()) == KEPT_LINES
    assert " /5 " in log.since(0).splitlines()[0]
    assert log.since(log.count) == ""


def test_a_follower_reads_what_is_new() -> None:
    log = journal()
    log.tell(report.Starting("old"))
    follower = JournalFollower(log)
    assert list(follower.read()) == []
    log.tell(report.Starting("new"))
    (chunk,) = follower.read()
    assert chunk.endswith(b"new: starting\n")
    assert chunk.count(b"\n") == 1
    assert list(follower.read()) == []
