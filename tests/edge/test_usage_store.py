import sqlite3
from pathlib import Path

import pytest

from remuda.edge.usage_store import KEPT_DAYS, KEPT_REQUESTS, Entry, Kept, Total, open_store
from remuda.errors import EffectError
from tests.daemon.records import DAY, record

KEPT = Kept((Total(DAY, "org/tiny:1", "roo", 3, 1, 1, 0, 1, 30, 40, 5),), (Entry(7, record()), Entry(8, record())))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "usage.sqlite"


def written(path: Path, *batches: Kept, today: int = DAY) -> Kept:
    """What is read after these have been written."""
    store = open_store(path)
    for batch in batches:
        store.write(batch, today)
    store.close()
    return read(path)


def read(path: Path) -> Kept:
    store = open_store(path)
    kept = store.read()
    store.close()
    return kept


def test_what_is_written_is_read_again(path: Path) -> None:
    assert written(path, KEPT) == KEPT


def test_the_file_is_its_owners(path: Path) -> None:
    store = open_store(path)
    store.write(KEPT, DAY)
    assert {file.name for file in path.parent.iterdir()} == {"usage.sqlite", "usage.sqlite-shm", "usage.sqlite-wal"}
    assert {file.stat().st_mode & 0o777 for file in path.parent.iterdir()} == {0o600}
    store.close()


def test_a_total_takes_the_place_of_the_one_before(path: Path) -> None:
    newer = Total(DAY, "org/tiny:1", "roo", 4, 4)
    other = Total(DAY, "other", "roo", 1, 1)
    assert set(map(repr, written(path, KEPT, Kept((newer, other))).totals)) == {repr(newer), repr(other)}


def test_what_is_too_old_is_forgotten(path: Path) -> None:
    days = Kept((Total(DAY - KEPT_DAYS, "a", ""), Total(DAY - KEPT_DAYS + 1, "b", "")))
    requests = Kept(requests=(Entry(7 + KEPT_REQUESTS, record()),))
    kept = written(path, KEPT, days, requests)
    assert [total.model for total in kept.totals] == ["b", "org/tiny:1"]
    assert [entry.id for entry in kept.requests] == [8, 7 + KEPT_REQUESTS]


def other_program(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE theirs (x)")
    connection.commit()
    connection.close()


def newer_version(path: Path) -> None:
    written(path, KEPT)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 2")
    connection.close()


def damaged(path: Path) -> None:
    written(path, *(Kept((Total(day, "m" * 500, ""),)) for day in range(DAY - 50, DAY)))
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xaa" * (len(content) - 4096)
    path.write_bytes(content)


@pytest.mark.parametrize(
    "spoil", [lambda path: path.write_text("no database at all" * 100), other_program, newer_version, damaged]
)
def test_what_is_not_ours_or_damaged_is_set_aside(path: Path, spoil: object) -> None:
    assert callable(spoil)
    spoil(path)
    before = path.read_bytes()
    assert read(path) == Kept()
    assert (path.parent / "usage.sqlite.aside").read_bytes() == before


def test_an_empty_file_is_as_good_as_none(path: Path) -> None:
    path.touch()
    assert written(path, KEPT) == KEPT
    assert not (path.parent / "usage.sqlite.aside").exists()


def test_requests_of_another_release_are_left_out_and_totals_stay(path: Path) -> None:
    written(path, KEPT)
    connection = sqlite3.connect(path)
    connection.execute("""UPDATE request SET record = '{"number": 1}' WHERE id = 7""")
    connection.commit()
    connection.close()
    assert read(path) == Kept(KEPT.totals, KEPT.requests[1:])


def test_a_place_where_no_file_can_be_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EffectError, match="cannot open the record of what was served"):
        open_store(tmp_path / "missing" / "usage.sqlite")
    with pytest.raises(EffectError, match="cannot open the record of what was served"):
        open_store(tmp_path)


def test_a_write_that_fails_is_an_error_and_changes_nothing(path: Path) -> None:
    store = open_store(path)
    store.write(KEPT, DAY)
    locking = sqlite3.connect(path)
    locking.execute("BEGIN IMMEDIATE")
    with pytest.raises(EffectError, match="cannot write the record of what was served"):
        store.write(Kept((Total(DAY, "new", ""),)), DAY)
    locking.close()
    assert store.read() == KEPT
    store.close()
