import json
import resource
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from remuda.edge.access_log import MOST_WAITING, AccessLog
from remuda.errors import EffectError
from tests.daemon.records import record


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "access.jsonl"


@pytest.fixture
def log(path: Path) -> Iterator[AccessLog]:
    made = AccessLog(path)
    yield made
    made.close()


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_request_is_a_line(log: AccessLog, path: Path) -> None:
    log.take([record(), record(usage=None, first_byte_s=None, status=499, error="client_left")])
    log.flush()
    first, second = lines(path)
    assert first == {
        "time": "2026-09-21T14:13:20.250Z",
        "client": "127.0.0.1",
        "key": "roo",
        "method": "POST",
        "path": "/v1/chat/completions",
        "model": "tiny",
        "asked": "lane",
        "status": 200,
        "stream": True,
        "queue_ms": 1.0,
        "first_byte_ms": 500.0,
        "duration_ms": 2500.0,
        "prompt_tokens": 10,
        "completion_tokens": 21,
        "cached_tokens": 4,
        "bytes_in": 100,
        "bytes_out": 2000,
        "error": "",
    }
    assert (second["status"], second["error"]) == (499, "client_left")
    assert second["first_byte_ms"] is second["prompt_tokens"] is None
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_line_stays_one_line_whatever_a_client_writes(log: AccessLog, path: Path) -> None:
    log.take([record(asked='a\nb\r\u2028"', path="/\x85")])
    log.flush()
    assert path.read_bytes().count(b"\n") == 1
    assert json.loads(path.read_bytes())["asked"] == 'a\nb\r\u2028"'


def test_a_file_can_be_opened_before_there_is_something_to_write(log: AccessLog, path: Path) -> None:
    log.open()
    log.flush()
    assert path.read_bytes() == b""


def test_a_file_that_was_moved_away_is_begun_anew(log: AccessLog, path: Path) -> None:
    log.take([record(path="/1")])
    log.flush()
    path.rename(path.with_suffix(".1"))
    log.take([record(path="/2")])
    log.flush()
    assert [line["path"] for line in lines(path.with_suffix(".1"))] == ["/1"]
    assert [line["path"] for line in lines(path)] == ["/2"]


def test_what_is_there_is_continued(path: Path) -> None:
    for number in range(2):
        log = AccessLog(path)
        log.take([record(path=f"/{number}")])
        log.close()
    assert [line["path"] for line in lines(path)] == ["/0", "/1"]


def test_lines_that_cannot_be_written_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "later" / "access.jsonl"
    log = AccessLog(path)
    with pytest.raises(EffectError, match=f"cannot write the access log `{path}`: No such file"):
        log.open()
    for _ in range(2):
        log.take([record(), record()])
        with pytest.raises(EffectError):
            log.flush()
    path.parent.mkdir()
    log.take([record()])
    log.close()
    assert lines(path)[0] == {"lost": 4}
    assert len(lines(path)) == 2


def test_what_waits_has_a_bound(log: AccessLog, path: Path) -> None:
    log.take([record()] * (MOST_WAITING + 3))
    log.flush()
    with path.open() as file:
        assert json.loads(next(file)) == {"lost": 3}
        assert sum(1 for _ in file) == MOST_WAITING


def test_a_full_disk_tears_no_later_line(log: AccessLog, path: Path) -> None:
    log.take([record()])
    log.flush()
    size = path.stat().st_size
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, limit[1]))
    try:
        log.take([record()])
        with pytest.raises(EffectError, match="File too large"):
            log.flush()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, ignored)
    log.take([record(path="/after")])
    log.flush()
    whole, torn, lost, after = path.read_text().splitlines()
    assert (len(whole), len(torn)) == (size - 1, 20)
    assert json.loads(lost) == {"lost": 1}
    assert json.loads(after)["path"] == "/after"


def test_it_can_go_to_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    log = AccessLog(None)
    log.take([record()])
    log.close()
    assert json.loads(capfd.readouterr().err)["model"] == "tiny"
