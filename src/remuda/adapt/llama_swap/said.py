"""What there is to say about a configuration while it is read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from remuda.adapt.contract import Remark
from remuda.adapt.llama_swap.tree import Node, Place
from remuda.errors import Problem
from remuda.spec.document import Path

Severity = Literal["error", "warning"]


@dataclass(slots=True)
class Said:
    """Collects remarks. Paths are those of the fleet, or empty where there is none."""

    remarks: list[Remark] = field(default_factory=list)

    def refuse(self, at: Node | Place, message: str, *, hint: str | None = None, path: Path = ()) -> None:
        """Something that llama-swap does not take either, or that cannot be read."""
        self._say(at, Problem(message, path, hint=hint))

    def warn(self, at: Node | Place, message: str, *, hint: str | None = None, path: Path = ()) -> None:
        """Something that is other than it was, or was left out."""
        self._say(at, Problem(message, path, hint=hint, severity="warning"))

    def add(self, file: str, problem: Problem) -> None:
        """A problem that has its position already."""
        self.remarks.append(Remark(file, problem))

    def sorted(self) -> tuple[Remark, ...]:
        """By file and position, each once."""
        once = {(remark.file, remark.problem.position, remark.problem.message): remark for remark in self.remarks}
        return tuple(once[key] for key in sorted(once, key=_order))

    def _say(self, at: Node | Place, problem: Problem) -> None:
        place = at.place if isinstance(at, Node) else at
        placed = Problem(problem.message, problem.path, place.position, problem.hint, problem.severity)
        self.remarks.append(Remark(place.file, placed))


def _order(key: tuple[str, object, str]) -> tuple[str, int, int, str]:
    file, position, message = key
    line, column = (getattr(position, "line", 0), getattr(position, "column", 0))
    return file, line, column, message
