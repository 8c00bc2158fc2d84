"""Shows a daemon's reports as plain lines; on a terminal `remuda.cli.live_table` does instead."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Protocol, Self

from remuda import __version__
from remuda.cli import output
from remuda.daemon import report
from remuda.daemon.report import Report


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


def sentence(what: Report) -> str:
    """A report in words, without the name of its model."""
    match what:
        case report.Noted(problem):
            return problem.message
        case report.Serving(url):
            return f"remuda {__version__} serves at {url}/v1"
        case report.Starting():
            return "starting"
        case report.Ready(took_s=None, address=address):
            return f"ready at {address}, taken over"
        case report.Ready(took_s=took_s, address=address):
            return f"ready at {address} in {took_s:.2f} s"
        case report.Stopping(reason=reason):
            return f"stopping: {reason}"
        case report.Stopped(took_s=took_s):
            return f"stopped in {took_s:.2f} s"
        case report.Failed(failure=failure):
            return f"failed ({failure.kind}): {failure.message}"
        case report.ShuttingDown(in_flight):
            requests = "1 request" if in_flight == 1 else f"{in_flight} requests"
            return f"finishing {requests}, then stopping" if in_flight else "stopping"
        case report.Trouble(doing, error):
            return f"a bug in remuda, while {doing}: {error}"


class PlainLines:
    """A line for each report: for logs, pipes and tests."""

    def __init__(self, models: Sequence[str]) -> None:
        self._width = max((len(model) for model in models), default=0)

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
        output.line(text)
