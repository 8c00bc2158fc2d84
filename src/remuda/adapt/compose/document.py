"""One compose file: its values with their places, and its variables replaced where a service is read.

Variables are replaced service by service, since what a variable lacks is to be said only of services that are taken.
Where a secret may stay a reference (`environment`, `command`, `entrypoint`) it does; everywhere else its value is used,
since a path or an image has to be known.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final

from remuda.adapt.compose.interpolation import InterpolationError, interpolate
from remuda.adapt.compose.tree import Data, Report, Value
from remuda.adapt.compose.variables import MARK, Variables, is_secret, mark
from remuda.spec import document
from remuda.spec.document import Document, Path
from remuda.spec.form import label

MAX_VALUES: Final = 60_000
"""Roughly: lines, commas and colons of a file. Five hundred services have a third of that."""

_REFERABLE: Final = frozenset({"environment", "command", "entrypoint"})


@dataclass(frozen=True, slots=True)
class File:
    """One file; `path` is relative to the root of the files."""

    path: PurePosixPath
    document: Document
    variables: Variables

    def value(self, path: Path, report: Report) -> Value:
        """The value at a path, with its variables replaced."""
        return self._value(self.document.find(path), path, report)

    def raw(self, path: Path) -> Value:
        """The value at a path as it is written."""
        return self._built(self.document.find(path), path, lambda text, _: text)

    def _value(self, data: Any, path: Path, report: Report) -> Value:
        return self._built(data, path, lambda text, at: self._interpolated(text, at, report) if "$" in text else text)

    def _built(self, data: Any, path: Path, text: Callable[[str, Path], str]) -> Value:
        built: Data = data
        if isinstance(data, dict):
            built = {key: self._built(item, (*path, key), text) for key, item in data.items()}
        elif isinstance(data, list):
            built = tuple(self._built(item, (*path, number), text) for number, item in enumerate(data))
        elif isinstance(data, str):
            built = text(data, path)
        return Value(built, self.path, self.document.at(path))

    def _interpolated(self, text: str, path: Path, report: Report) -> str:
        may_refer = len(path) > 2 and path[2] in _REFERABLE  # noqa: PLR2004  services.NAME.KEY
        here = Value(None, self.path, self.document.at(path))

        def missing(name: str, is_required: bool) -> str | None:  # noqa: FBT001  see interpolation.Missing
            if may_refer and (is_secret(name) or (is_whole(text, name) and not is_required)):
                report.warn(here, f"`{name}` is not set: it stays `${{env:{name}}}`", f"set `{name}` where Remuda runs")
                return mark(name)
            if not is_required:
                report.warn(here, f"`{name}` is not set and has no default: compose takes it as empty", f"set `{name}`")
            return None

        lookup = self.variables.discreet if may_refer else self.variables.plain
        try:
            return interpolate(text, lookup, missing)
        except InterpolationError as error:
            place = Value(None, self.path, self.document.inside(path, error.offset))
            report.refuse(place, f"{label(path)} {error.message}", error.hint)
            return ""


def is_whole(text: str, name: str) -> bool:
    """Whether a text, or the value of `NAME=value`, is a variable and nothing else."""
    value = text.partition("=")[2] if text.partition("=")[1] else text
    return value in (f"${name}", f"${{{name}}}") or text in (f"${name}", f"${{{name}}}")


def load(content: bytes, path: PurePosixPath, variables: Variables, report: Report) -> File | None:
    """Read a file; None, with what is wrong in the report, for one that is not a compose file."""
    here = Value(None, path, None)
    if sum(map(content.count, (b"\n", b",", b":"))) > MAX_VALUES:
        report.refuse(here, f"cannot read a compose file of more than {MAX_VALUES} lines, commas and colons")
        return None
    read = document.load(content, str(path))
    for problem in read.problems:
        place = Value(None, path, problem.position)
        if not read.data and problem.message.startswith("the file is"):
            report.refuse(place, "the file has no services: expected a mapping with `services`")
        else:
            report.refuse(place, problem.message, problem.hint)
    if any(MARK in text for text in _texts(read.data)):
        report.refuse(here, "cannot read a text with a NUL character", "remove `\\0`")
    return None if report.has_errors else File(path, read, variables)


def _texts(data: Any) -> list[str]:
    if isinstance(data, dict):
        return [text for key, value in data.items() for text in (key, *_texts(value))]
    if isinstance(data, list):
        return [text for value in data for text in _texts(value)]
    return [data] if isinstance(data, str) else []
