"""What was served, kept across restarts: totals of each day, and the last requests, in one SQLite file.

Totals are written whole, not as differences, so that a write that is done twice does no harm. A file that is damaged,
or not one of ours, is set aside under the name `….aside`, and a new one is begun: what was served yesterday must not
keep anybody from serving today. Only a daemon that holds the fleet's lock opens the file.

It blocks: call it in a thread, one call at a time.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from remuda.errors import EffectError
from remuda.gateway.record import Record

KEPT_DAYS = 400
KEPT_REQUESTS = 1000

# Only somebody who looks into the file with a tool of theirs can lock it.
_LOCK_S = 0.5
_APPLICATION = 0x52656D75
_VERSION = 1
_SCHEMA = """
CREATE TABLE total (
    day INTEGER NOT NULL, model TEXT NOT NULL, key TEXT NOT NULL,
    requests INTEGER NOT NULL, succeeded INTEGER NOT NULL, rejected INTEGER NOT NULL, cancelled INTEGER NOT NULL,
    failed INTEGER NOT NULL, prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL,
    cached_tokens INTEGER NOT NULL, PRIMARY KEY (day, model, key)
) WITHOUT ROWID;
CREATE TABLE request (id INTEGER PRIMARY KEY, record BLOB NOT NULL);
"""


class Total(msgspec.Struct):
    """What was served of one model to one key on one day in UTC; `day` is its number, counted from 1970.

    `requests` is the sum of `succeeded` (status below 400), `rejected` (below 500), `cancelled` (499: the client left)
    and `failed`. `prompt_tokens` holds the `cached_tokens`.
    """

    day: int
    model: str
    key: str
    requests: int = 0
    succeeded: int = 0
    rejected: int = 0
    cancelled: int = 0
    failed: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One of the last requests; `id` rises by one from request to request, across restarts."""

    id: int
    record: Record


class Kept(msgspec.Struct, frozen=True):
    """What the file holds, or what is to be written to it."""

    totals: tuple[Total, ...] = ()
    requests: tuple[Entry, ...] = ()


_COLUMNS = ", ".join(Total.__struct_fields__)
_PLACES = ", ".join("?" for _ in Total.__struct_fields__)
_RECORD = msgspec.json.Decoder(Record)


class UsageStore:
    """The file. Made by `open_store`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def read(self) -> Kept:
        """Everything that is kept, oldest first. Raises EffectError."""
        with _telling("read"):
            return _read(self._connection)

    def write(self, kept: Kept, today: int) -> None:
        """Put totals and requests in the place of older ones, and forget what is too old. Raises EffectError."""
        oldest = kept.requests[-1].id - KEPT_REQUESTS if kept.requests else 0
        with _telling("write"), self._connection as transaction:
            transaction.executemany(
                f"INSERT OR REPLACE INTO total ({_COLUMNS}) VALUES ({_PLACES})",  # noqa: S608  constants
                map(msgspec.structs.astuple, kept.totals),
            )
            transaction.executemany("INSERT OR REPLACE INTO request VALUES (?, ?)", _rows(kept.requests))
            transaction.execute("DELETE FROM total WHERE day <= ?", (today - KEPT_DAYS,))
            transaction.execute("DELETE FROM request WHERE id <= ?", (oldest,))

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


def open_store(path: Path) -> UsageStore:
    """The store in this file, which is made, or begun anew, if need be. Raises EffectError."""
    with _telling("open"):
        try:
            return _open(path)
        except sqlite3.OperationalError:  # the disk or the directory, not what the file holds
            raise
        except sqlite3.DatabaseError:
            _set_aside(path)
            return _open(path)


def _open(path: Path) -> UsageStore:
    # SQLite gives the files beside it the same mode.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    connection = sqlite3.connect(path, timeout=_LOCK_S, check_same_thread=False)
    try:
        _prepare(connection)
        _read(connection)
    except BaseException:
        connection.close()
        raise
    return UsageStore(connection)


def _prepare(connection: sqlite3.Connection) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if not application and not tables:
        connection.executescript(
            f"BEGIN; {_SCHEMA} PRAGMA application_id = {_APPLICATION}; PRAGMA user_version = {_VERSION}; COMMIT;"
        )
    elif (application, version) != (_APPLICATION, _VERSION):
        raise sqlite3.DatabaseError
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")


def _read(connection: sqlite3.Connection) -> Kept:
    totals = connection.execute(f"SELECT {_COLUMNS} FROM total ORDER BY day")  # noqa: S608  constants
    requests = connection.execute("SELECT id, record FROM request ORDER BY id")
    return Kept(tuple(Total(*row) for row in totals), tuple(_entries(requests)))


def _entries(rows: Iterable[tuple[int, bytes]]) -> Iterator[Entry]:
    """Requests as they are written down today; those of another release may lack something, and are left out."""
    for number, record in rows:
        with contextlib.suppress(msgspec.MsgspecError):
            yield Entry(number, _RECORD.decode(record))


def _set_aside(path: Path) -> None:
    path.replace(path.with_name(f"{path.name}.aside"))
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _rows(entries: Iterable[Entry]) -> Iterable[tuple[int, bytes]]:
    return ((entry.id, msgspec.json.encode(entry.record)) for entry in entries)


@contextlib.contextmanager
def _telling(doing: str) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise EffectError(f"cannot {doing} the record of what was served: {error}") from error
