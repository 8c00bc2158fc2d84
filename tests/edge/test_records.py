from pathlib import Path

import pytest

from remuda.edge.process import Identity
from remuda.edge.records import Record, Records
from remuda.errors import EffectError

RECORD = Record("tiny/a", 3, "f00", 8001, Identity(42, 4242, "boot"), {"cpu": 5})


def test_the_next_daemon_reads_what_the_last_one_wrote(tmp_path: Path) -> None:
    path = tmp_path / "instances.json"
    Records(path).add(RECORD)
    assert Records(path).load() == [RECORD]


def test_a_removed_record_is_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "instances.json"
    records = Records(path)
    records.add(RECORD)
    records.remove("tiny/a")
    records.remove("never there")
    assert Records(path).load() == []


def test_a_missing_or_damaged_file_says_nothing(tmp_path: Path) -> None:
    path = tmp_path / "instances.json"
    assert Records(path).load() == []
    path.write_text('[{"model": ')
    assert Records(path).load() == []


def test_a_record_that_cannot_be_written_is_an_error_but_one_that_cannot_be_removed_is_not(tmp_path: Path) -> None:
    records = Records(tmp_path / "gone" / "instances.json")
    with pytest.raises(EffectError, match="cannot record the engine of `tiny/a`"):
        records.add(RECORD)
    records.remove("tiny/a")
