"""The values of a compose file, each with the place where it was written.

Services extend others, of this file and of others, so that a value may come from anywhere. With its place in it, it can
be merged and taken apart, and what is said of it later is still said of the right line.

`Report` collects what is said. It is the only thing here that changes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Literal

from remuda.adapt.contract import Remark
from remuda.errors import Position, Problem

Data = str | int | float | bool | None | tuple["Value", ...] | Mapping[str, "Value"]


@dataclass(frozen=True, slots=True)
class Value:
    """A single value, a tuple of values or a mapping of them; `file` is relative to the root of the files."""

    data: Data
    file: PurePosixPath
    position: Position | None

    @property
    def pairs(self) -> Mapping[str, Value]:
        """What a mapping holds; nothing for any other value."""
        return self.data if isinstance(self.data, Mapping) else {}

    @property
    def items(self) -> tuple[Value, ...]:
        """What a list holds; a single value is a list of itself, and nothing is an empty one."""
        if isinstance(self.data, tuple):
            return self.data
        return () if self.data is None or isinstance(self.data, Mapping) else (self,)

    @property
    def text(self) -> str:
        """A single value as compose writes it; empty for any other."""
        match self.data:
            case bool():
                return "true" if self.data else "false"
            case float():
                return decimal(self.data)
            case str() | int():
                return str(self.data)
            case _:
                return ""

    @property
    def is_true(self) -> bool:
        """Whether it is a yes of compose, in any of its spellings."""
        return self.text.lower() in ("true", "y", "yes", "on")

    def of(self, data: Data) -> Value:
        """Another value at the same place."""
        return Value(data, self.file, self.position)

    def get(self, *keys: str) -> Value:
        """What is below keys of mappings; a value without data where one of them is not there."""
        found = self
        for key in keys:
            found = found.pairs.get(key) or found.of(None)
        return found


@dataclass(slots=True)
class Report:
    """What there is to say, in the order in which it was found; nothing is said twice."""

    _remarks: dict[Remark, None] = field(default_factory=dict)

    def warn(self, value: Value, message: str, hint: str | None = None) -> None:
        """Something that the fleet does not say, or says differently."""
        self._add(value, message, hint, "warning")

    def refuse(self, value: Value, message: str, hint: str | None = None) -> None:
        """Something without which there is no fleet."""
        self._add(value, message, hint, "error")

    def _add(self, value: Value, message: str, hint: str | None, severity: Literal["error", "warning"]) -> None:
        self.extend([Remark(str(value.file), Problem(message, (), value.position, hint, severity))])

    def extend(self, remarks: Sequence[Remark]) -> None:
        """Remarks that were made elsewhere."""
        self._remarks.update(dict.fromkeys(remarks))

    def __iter__(self) -> Iterator[Remark]:
        return iter(self._remarks)

    @property
    def has_errors(self) -> bool:
        """Whether something was refused."""
        return any(remark.problem.severity == "error" for remark in self)


def decimal(number: float) -> str:
    """A number as Go writes it: the fewest digits that are exact, with an exponent for what is large or very small."""
    if not math.isfinite(number):
        return {"inf": "+Inf", "-inf": "-Inf"}.get(repr(number), "NaN")
    mantissa, _, exponent = f"{Decimal(repr(number)).normalize():e}".partition("e")
    if -5 < int(exponent) < 6:  # noqa: PLR2004  where Go's `%v` begins to write exponents
        return repr(number).removesuffix(".0")
    return f"{mantissa}e{int(exponent):+03d}"
