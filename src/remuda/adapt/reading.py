"""What an adapter collects while it reads: entries, comments, places and remarks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from remuda.adapt.contract import Adapted, Place, Remark, Source
from remuda.errors import Position, Problem
from remuda.spec.document import Path, decode
from remuda.spec.nodes import MalformedError


@dataclass(slots=True)
class Reading:
    """What has been read of one file so far; `data` is that of the fleet."""

    file: str
    data: dict[str, Any] = field(default_factory=dict)
    notes: dict[Path, str] = field(default_factory=dict)
    places: dict[Path, Place] = field(default_factory=dict)
    remarks: list[Remark] = field(default_factory=list)

    def text_of(self, source: Source) -> str | None:
        """The text of the source's file; None, with an error, where it cannot be read."""
        content = source.files.read(source.path)
        if content is None:
            self.say("cannot read the file: there is none, or it may not be read", severity="error")
            return None
        try:
            return decode(content)
        except MalformedError as error:
            self.add(error.problem)
            return None

    def model(self, model_id: str, entry: dict[str, Any], at: Position) -> Path:
        """Take in a model; gives its path."""
        path: Path = ("models", model_id)
        self.data.setdefault("models", {})[model_id] = entry
        self.places[path] = Place(self.file, at)
        return path

    def say(
        self,
        message: str,
        at: Position | None = None,
        *,
        path: Path = (),
        hint: str | None = None,
        severity: Literal["error", "warning"] = "warning",
    ) -> None:
        """Remark on a place of the file."""
        self.add(Problem(message, path, at, hint, severity))

    def add(self, problem: Problem) -> None:
        """Remark on the file."""
        self.remarks.append(Remark(self.file, problem))

    def done(self, nothing: str) -> Adapted:
        """All of it; an error with the text `nothing` where no model was found and no reason told."""
        if not self.data.get("models") and not any(remark.problem.severity == "error" for remark in self.remarks):
            self.say(nothing, Position(1, 1), severity="error")
        return Adapted(self.data, self.notes, tuple(self.remarks), self.places)
