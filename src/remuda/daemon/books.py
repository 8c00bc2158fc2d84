"""Keeps what was served: accounts in memory, the store on disk, the access log; and the task that writes them.

Nothing of it may stop the gateway: what cannot be written is told once and tried again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

from remuda.daemon import report
from remuda.daemon.accounts import DAY_S, Accounts
from remuda.daemon.journal import Journal
from remuda.edge.access_log import AccessLog
from remuda.edge.clock import unix_s
from remuda.edge.usage_store import Kept, UsageStore, open_store
from remuda.errors import EffectError, Problem

_LOG_EVERY_S = 1.0
_STORE_EVERY = 5


class Books:
    """Made by `open_books`. `accounts` is the gateway's observer."""

    def __init__(self, store: UsageStore | None, kept: Kept, log: AccessLog | None, reporter: report.Reporter) -> None:
        self.journal = Journal(unix_s)
        self.accounts = Accounts(kept, (self.journal.take, log.take) if log else (self.journal.take,))
        self._store = store
        self._log = log
        self._report = reporter
        self._failing: set[str] = set()
        # One thread: a write that is under way when `keep` is cancelled is over before the next begins.
        self._disk = ThreadPoolExecutor(1, "books")

    def tell(self, what: report.Report) -> None:
        """Take note of a report."""
        self.accounts.tell(what)
        self.journal.tell(what)

    async def keep(self) -> None:
        """Write now and then, for ever."""
        for round_number in count(1):
            await asyncio.sleep(_LOG_EVERY_S)
            await self.write(with_store=round_number % _STORE_EVERY == 0)

    async def write(self, *, with_store: bool = True) -> None:
        """Write what has come in since the last time."""
        self.accounts.settle()
        if self._log:
            await self._try("log", self._log.flush)
        if with_store and self._store:
            await self._write_store(self._store)

    async def _write_store(self, store: UsageStore) -> None:
        today = int(unix_s() // DAY_S)
        unsaved = self.accounts.take_unsaved(today)
        if unsaved != Kept() and not await self._try("store", lambda: store.write(unsaved, today)):
            self.accounts.restore(unsaved)

    async def close(self) -> None:
        """Write everything and close the files; `keep` must have ended."""
        await self.write()
        if self._log:
            await self._try("log", self._log.close)
        if self._store:
            await self._try("store", self._store.close)
        self._disk.shutdown()

    async def open_log(self) -> None:
        """Open the access log already, so that it is told at the start if it cannot be written."""
        if self._log:
            await self._try("log", self._log.open)

    async def _try(self, what: str, work: Callable[[], None]) -> bool:
        """Whether it could be done; if not, that is told, but not again until it could."""
        try:
            await asyncio.get_running_loop().run_in_executor(self._disk, work)
        except EffectError as error:
            if what not in self._failing:
                self._report(_noted(error))
            self._failing.add(what)
            return False
        self._failing.discard(what)
        return True


async def open_books(usage: Path, log: AccessLog | None, reporter: report.Reporter) -> Books:
    """The books, with the store in the file `usage`; if it cannot be opened, what was served is known until the end."""
    try:
        store = await asyncio.to_thread(open_store, usage)
        kept = await asyncio.to_thread(store.read)
        books = Books(store, kept, log, reporter)
    except EffectError as error:
        reporter(_noted(error))
        books = Books(None, Kept(), log, reporter)
    await books.open_log()
    return books


def access_log(setting: str | None, directory: Path) -> AccessLog | None:
    """The log that `gateway.access_log` asks for in a fleet file of this directory; `-` is standard error."""
    if setting is None:
        return None
    return AccessLog(None if setting == "-" else directory / Path(setting).expanduser())


def _noted(error: EffectError) -> report.Noted:
    return report.Noted(Problem(error.message, hint=error.hint, severity="warning"))
