import os
from pathlib import Path

import pytest

from remuda.edge import engine_log
from remuda.errors import EffectError


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


def test_each_attempt_has_a_fresh_log_and_the_last_ones_are_kept(log: Path) -> None:
    for attempt in range(1, 9):
        assert engine_log.begin(log) == attempt
        with log.open("a") as file:
            file.write(f"{attempt}\n")
    assert engine_log.attempts(log) == [4, 5, 6, 7, 8]
    assert [engine_log.of_attempt(log, number).read_text() for number in (4, 8)] == ["4\n", "8\n"]
    assert log.read_text() == "8\n"
    assert log.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in log.with_suffix("").iterdir()) == [f"{number}.log" for number in range(4, 9)]


def test_names_with_dots_do_not_share_logs(tmp_path: Path) -> None:
    assert engine_log.begin(tmp_path / "a.log") == engine_log.begin(tmp_path / "a.b.log") == 1


def test_a_log_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "tiny").write_text("in the way")
    with pytest.raises(EffectError, match=r"cannot write the log `.*tiny/1\.log`: (Not a directory|File exists)"):
        engine_log.begin(tmp_path / "tiny.log")


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
    engine_log.begin(log)
    assert list(follower.read()) == []
    with log.open("a") as file:
        file.write("two\n")
    assert list(follower.read()) == [b"two\n"]
    os.truncate(log, 0)
    assert list(follower.read()) == []
    log.write_text("3\n")
    assert list(follower.read()) == [b"3\n"]
