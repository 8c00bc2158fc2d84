"""Shows a daemon's reports as plain lines; on a terminal `remuda.cli.live_table` does instead.

In a file each begins with its time: whoever reads it later wants to know, and nobody else has noted it.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Protocol, Self

from remuda.cli import output
from remuda.daemon.report import Report, sentence
from remuda.edge.access_log import iso
from remuda.edge.clock import unix_s


class Display(Protocol):
    """Where reports go."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def show(self, what: Report) -> None:
        """Show a report."""
        ...

    def print(self, text: str) -> None:
        """Print text beside the reports."""
        ...


class PlainLines:
    """A line for each report: for logs, pipes and tests."""

    def __init__(self, models: Sequence[str]) -> None:
        self._width = max((len(model) for model in models), default=0)
        self._is_dated = output.is_file()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def show(self, what: Report) -> None:
        """Print it, with its model first."""
        model = getattr(what, "model", None)
        self.print(f"{model:{self._width}}  {sentence(what)}" if model else sentence(what))

    def print(self, text: str) -> None:
        """Print a line."""
        output.line(f"{iso(unix_s())} {text}" if self._is_dated else text)
