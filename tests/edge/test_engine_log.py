import os
from pathlib import Path

import pytest

from remuda.edge import engine_log


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "tiny.log"


def test_the_tail_is_the_last_lines(log: Path) -> None:
    log.write_text("".join(f"{number}\n" for number in range(100_000)))
    assert engine_log.tail(log, 2) == ["99998", "99999"]
    assert len(engine_log.tail(log, 50_000)) == 50_000
    assert engine_log.tail(log, 0) == []


def test_a_missing_log_has_no_lines(log: Path) -> None:
    assert engine_log.tail(log, 5) == []


def test_bytes_that_are_no_text_do_not_break_the_tail(log: Path) -> None:
    log.write_bytes(b"\xff\xfe\nend\n")
    assert engine_log.tail(log, 1) == ["end"]


def test_each_start_has_a_fresh_log_and_the_last_ones_are_kept(log: Path) -> None:
    for attempt in range(6):
        engine_log.rotate(log)
        log.write_text(f"{attempt}\n")
    kept = {path.name: path.read_text() for path in log.parent.iterdir()}
    assert kept == {"tiny.log": "5\n", "tiny.log.1": "4\n", "tiny.log.2": "3\n", "tiny.log.3": "2\n"}


def test_a_log_that_grows_too_long_is_cut_while_it_is_written(log: Path) -> None:
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, b"x" * 100)
    engine_log.bound(log, 100)
    assert log.stat().st_size == 100
    os.write(descriptor, b"y\n")
    engine_log.bound(log, 100)
    os.write(descriptor, b"after\n")
    os.close(descriptor)
    assert log.read_text() == "after\n"
    assert (log.parent / "tiny.log.1").stat().st_size == 102


def test_a_follower_sees_what_comes_and_survives_rotation(log: Path) -> None:
    log.write_text("before\n")
    follower = engine_log.Follower(log)
    with log.open("a") as file:
        file.write("one\n")
    assert list(follower.read()) == [b"one\n"]
    engine_log.rotate(log)
    assert list(follower.read()) == []
    log.write_text("two\n")
    assert list(follower.read()) == [b"two\n"]
    os.truncate(log, 0)
    assert list(follower.read()) == []
    log.write_text("3\n")
    assert list(follower.read()) == [b"3\n"]
