"""Shows a daemon's reports on a terminal: a table with a line per model, redrawn in place."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from remuda.daemon import report
from remuda.daemon.report import Report, sentence


@dataclass(slots=True)
class _Row:
    state: str = "stopped"
    detail: str = ""
    since: float = 0.0


class LiveTable:
    """A table that is redrawn in place; what concerns no model is printed above it."""

    def __init__(self, models: Sequence[str]) -> None:
        self._rows = {model: _Row(since=time.monotonic()) for model in models}
        self._live = Live(get_renderable=self._table, refresh_per_second=10, transient=True)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def show(self, what: Report) -> None:
        """Put it into its model's row."""
        model = getattr(what, "model", None)
        if model is None or isinstance(what, report.HookFailed | report.MemoryKept | report.CacheKept):
            self.print(sentence(what))
        else:
            self._rows[model] = _row(what)  # a reload may have brought it

    def print(self, text: str) -> None:
        """Print above the table."""
        self._live.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def _table(self) -> Table:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
        for model, row in self._rows.items():
            style, mark = _LOOKS[row.state]
            moving = row.state in {"starting", "stopping", "falling asleep", "waking"}
            elapsed = f"{time.monotonic() - row.since:.0f} s" if moving else ""
            sign = Spinner("dots", style=style) if moving else Text(mark, style=style)
            table.add_row(sign, Text(model, style="bold"), Text(row.state, style=style), Text(elapsed or row.detail))
        return table


_LOOKS = {
    "stopped": ("dim", "○"),
    "starting": ("yellow", ""),
    "ready": ("green", "●"),
    "falling asleep": ("yellow", ""),
    "asleep": ("blue", "☾"),
    "waking": ("yellow", ""),
    "stopping": ("yellow", ""),
    "failed": ("red", "✗"),
}


def _row(what: Report) -> _Row:
    now = time.monotonic()
    match what:
        case report.Ready(took_s=took_s, address=address):
            took = "taken over" if took_s is None else f"in {took_s:.1f} s"
            return _Row("ready", f"{address}  {took}", now)
        case report.Awake(took_s=took_s, address=address):
            return _Row("ready", f"{address}  awake in {took_s:.1f} s", now)
        case report.Failed(failure=failure):
            return _Row("failed", failure.message, now)
        case report.Starting():
            return _Row("starting", "", now)
        case report.FallingAsleep(reason=reason):
            return _Row("falling asleep", reason, now)
        case report.Asleep():
            return _Row("asleep", "", now)
        case report.Waking():
            return _Row("waking", "", now)
        case report.Stopping(reason=reason):
            return _Row("stopping", reason, now)
        case _:
            return _Row("stopped", "", now)
