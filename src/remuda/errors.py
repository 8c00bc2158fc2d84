"""What can go wrong, and how it is said.

Two shapes: a `Problem` is a value, collected while an input is judged, so that everything wrong with a file is
reported at once; a `RemudaError` ends what was being done and carries the exit code of the command line.

This module does not print and does not decide where a message goes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a text file; both numbers count from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with an input file.

    `path` leads from the document's root to the value (`("models", "tiny-a", "port")`). `hint` is one sentence that
    starts with a verb.
    """

    message: str
    path: tuple[str | int, ...] = ()
    position: Position | None = None
    hint: str | None = None
    severity: Literal["error", "warning"] = "error"


class RemudaError(Exception):
    """What was being done could not be done; `message` says what, why and what was expected.

    `problems` lists everything that is wrong with an input; `file` is the name to print before each.
    """

    exit_code: ClassVar[int] = 1

    def __init__(
        self, message: str, *, hint: str | None = None, file: str | None = None, problems: Sequence[Problem] = ()
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.file = file
        self.problems = tuple(problems)


class SpecError(RemudaError):
    """The input is wrong."""

    exit_code = 2


class UnsatisfiableError(RemudaError):
    """The input is right, but it cannot be satisfied on this machine."""

    exit_code = 3


class ProbeError(RemudaError):
    """A fact could not be found out."""

    exit_code = 4


class InternalError(RemudaError):
    """Our own bug."""

    exit_code = 5


class EffectError(RemudaError):
    """A command, path, socket or unit failed."""

    exit_code = 6
