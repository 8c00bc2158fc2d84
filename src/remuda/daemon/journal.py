"""The daemon's own log: its reports and the requests that are over, as lines in memory, for whoever looks at `/logs`.

It is bounded and lost with the daemon. What is to be kept of requests is in the access log; what the engines write is
in files of their own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from http import HTTPStatus
from itertools import islice

from remuda.daemon.report import Report, sentence
from remuda.edge.access_log import iso
from remuda.edge.usage_store import KEPT_REQUESTS
from remuda.gateway.record import Record

# No more requests than the accounts keep: they share them, and memory that is soon free again is still in the cache.
KEPT_LINES = KEPT_REQUESTS


class Journal:
    """The last lines. `clock` gives seconds since 1970."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._kept: deque[tuple[float, str] | Record] = deque(maxlen=KEPT_LINES)
        self.count = 0

    def tell(self, what: Report) -> None:
        """Note a report."""
        model = getattr(what, "model", "")
        self._kept.append((self._clock(), f"{model}: {sentence(what)}" if model else sentence(what)))
        self.count += 1

    def take(self, records: Sequence[Record]) -> None:
        """Note requests; those that ask for no model only if they fail. They become lines when somebody reads them."""
        noted = [each for each in records if each.asked or each.model or each.status >= HTTPStatus.BAD_REQUEST]
        self._kept.extend(noted)
        self.count += len(noted)

    def since(self, number: int) -> str:
        """The lines after the first so many that there ever were; only what is still kept."""
        missed = max(0, len(self._kept) - (self.count - number))
        return "".join(map(_line, islice(self._kept, missed, None)))


def _line(kept: tuple[float, str] | Record) -> str:
    if isinstance(kept, tuple):
        at, text = kept
        return f"{iso(at)} {text}\n"
    request = f"{kept.client} {kept.method} {kept.path} {kept.status}"
    took = f"{kept.model or '-'} {kept.took_s:.3f} s {kept.bytes_out} bytes {kept.error}"
    return f"{iso(kept.at)} {request} {took}".rstrip() + "\n"


class JournalFollower:
    """Reads what is added to the journal from now on, as `remuda.edge.engine_log.Follower` does with a file."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._number = journal.count

    def read(self) -> Iterator[bytes]:
        """Whatever came since the last call."""
        number, self._number = self._number, self._journal.count
        if number < self._number:
            yield self._journal.since(number).encode()
