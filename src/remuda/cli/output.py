"""The only printer.

Results go to stdout, everything else to stderr, so that a result can be piped. Colours are for terminals, and not where
`NO_COLOR` is set. Nothing is decided here: what is printed is made elsewhere, and errors end in an exit code in
`remuda.cli.main`.
"""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TextIO

import click

from remuda.errors import Problem, RemudaError

_COLOURS = {"error": "red", "warning": "yellow", "hint": "cyan"}


def line(text: str) -> None:
    """Print a line of the result."""
    _write(sys.stdout, text)


def data(value: Any) -> None:
    """Print a result as JSON; text stays readable."""
    _write(sys.stdout, json.dumps(value, indent=2, ensure_ascii=False))


def raw(chunk: bytes) -> None:
    """Print bytes of a result as they are, at once."""
    sys.stdout.buffer.write(chunk)
    sys.stdout.buffer.flush()


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a result as columns."""
    for row in columns(head, rows):
        line(row)


def columns(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """The lines of a table, each column as wide as it has to be."""
    lines = [head, *rows]
    widths = [max(len(row[column]) for row in lines) for column in range(len(head))]
    for row in lines:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def note(text: str) -> None:
    """Print a line about what is happening."""
    _write(sys.stderr, text)


def error(failure: RemudaError) -> None:
    """Print an error with its problems and its hint."""
    problems(failure.problems, failure.file or "", sys.stderr)
    _write(sys.stderr, f"{_styled('error', 'error', sys.stderr)}: {failure.message}")
    if failure.hint:
        _write(sys.stderr, f"  {_styled('hint', 'hint', sys.stderr)}: {failure.hint}")


def problems(found: Iterable[Problem], file: str, stream: TextIO | None = None) -> None:
    """Print problems as `FILE:LINE:COLUMN: message`, as compilers do, each hint on a line of its own."""
    stream = stream or sys.stdout
    for problem in found:
        place = problem.position
        where = f"{file}:{place.line}:{place.column}" if place else file
        severity = "" if problem.severity == "error" else f"{_styled(problem.severity, problem.severity, stream)}: "
        _write(stream, f"{_styled(where, problem.severity, stream)}: {severity}{problem.message}")
        if problem.hint:
            _write(stream, f"  {_styled('hint', 'hint', stream)}: {problem.hint}")


def remark(found: Iterable[Problem], file: str) -> None:
    """Print problems that are not the result."""
    problems(found, file, sys.stderr)


def problem_json(problem: Problem, file: str) -> dict[str, Any]:
    """A problem as an object for `--json`."""
    place = problem.position
    return {
        "file": file,
        "line": place and place.line,
        "column": place and place.column,
        "path": list(problem.path),
        "message": problem.message,
        "hint": problem.hint,
        "severity": problem.severity,
    }


def is_terminal(stream: TextIO | None = None) -> bool:
    """Whether a person is likely to see what is printed to a stream (stdout unless given)."""
    return (stream or sys.stdout).isatty() and os.environ.get("TERM") != "dumb"


def is_file() -> bool:
    """Whether results are printed into a file."""
    try:
        return stat.S_ISREG(os.fstat(sys.stdout.fileno()).st_mode)
    except (OSError, ValueError):
        return False


def _styled(text: str, what: str, stream: TextIO) -> str:
    use_colour = is_terminal(stream) and not os.environ.get("NO_COLOR")
    return click.style(text, fg=_COLOURS[what], bold=what == "error") if use_colour else text


def _write(stream: TextIO, text: str) -> None:
    """One line at once; what the stream's encoding cannot express is escaped instead of ending the program."""
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
    stream.flush()
