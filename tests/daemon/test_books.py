import asyncio
import json
import sqlite3
from pathlib import Path

from remuda.daemon import report
from remuda.daemon.books import Books, access_log, open_books
from tests.daemon.records import record


async def books(directory: Path, reports: list[report.Report] | None = None, log: str | None = None) -> Books:
    told = reports if reports is not None else []
    return await open_books(directory / "usage.sqlite", access_log(log, directory), told.append)


async def test_what_was_served_survives_a_restart(tmp_path: Path) -> None:
    first = await books(tmp_path)
    first.accounts.ended(record())
    await first.close()
    second = await books(tmp_path)
    second.accounts.ended(record())
    assert [total.requests for total in second.accounts.totals(0)] == [2]
    assert [entry.id for entry in second.accounts.recent()] == [2, 1]
    await second.close()


async def test_requests_reach_the_access_log_and_the_journal(tmp_path: Path) -> None:
    kept = await books(tmp_path, log="access.jsonl")
    kept.accounts.ended(record())
    await kept.write(with_store=False)
    assert json.loads((tmp_path / "access.jsonl").read_text())["model"] == "tiny"
    assert kept.journal.count == 1
    await kept.close()


async def test_they_are_written_without_being_asked(tmp_path: Path) -> None:
    kept = await books(tmp_path, log="access.jsonl")
    kept.accounts.ended(record())
    task = asyncio.get_running_loop().create_task(kept.keep())
    while not (tmp_path / "access.jsonl").read_bytes():
        await asyncio.sleep(0.05)
    task.cancel()
    await asyncio.wait((task,))
    await kept.close()


async def test_a_store_that_cannot_be_opened_is_told_and_done_without(tmp_path: Path) -> None:
    (tmp_path / "usage.sqlite").mkdir()
    reports: list[report.Report] = []
    kept = await books(tmp_path, reports)
    kept.accounts.ended(record())
    await kept.close()
    (told,) = reports
    assert isinstance(told, report.Noted)
    assert told.problem.message.startswith("cannot open the record of what was served")


async def test_a_store_that_cannot_be_written_is_told_once_and_caught_up_with(tmp_path: Path) -> None:
    reports: list[report.Report] = []
    kept = await books(tmp_path, reports)
    other = sqlite3.connect(tmp_path / "usage.sqlite")
    other.execute("BEGIN IMMEDIATE")
    for _ in range(2):
        kept.accounts.ended(record())
        await kept.write()
    assert [type(what) for what in reports] == [report.Noted]
    other.execute("ROLLBACK")
    await kept.write()
    assert list(other.execute("SELECT requests FROM total")) == [(2,)]
    other.close()
    await kept.close()


async def test_an_access_log_that_cannot_be_written_is_told_at_the_start_and_once(tmp_path: Path) -> None:
    reports: list[report.Report] = []
    kept = await books(tmp_path, reports, log="missing/access.jsonl")
    for _ in range(2):
        kept.accounts.ended(record())
        await kept.write()
    await kept.close()
    (told,) = reports
    assert isinstance(told, report.Noted)
    assert told.problem.message.startswith("cannot write the access log")


async def test_loads_are_counted_and_noted(tmp_path: Path) -> None:
    kept = await books(tmp_path)
    kept.tell(report.Ready("tiny", "http://x", 1.0))
    assert kept.accounts.models()["tiny"].loads.total == 1.0
    assert "tiny: ready" in kept.journal.since(0)
    await kept.close()
