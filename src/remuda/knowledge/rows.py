"""Reads the tables of `data/`: a JSON file of rows becomes a tuple of dataclasses.

The files lie in the package and never change while it runs, so reading them is no effect that a test would replace.
"""

from __future__ import annotations

from importlib import resources
from typing import Any, Literal, TypeVar

import msgspec

from remuda.knowledge.release import Span

Confidence = Literal["read", "reported", "general"]
"""Read in the source that is named; told by somebody there; or general knowledge that was not looked up."""

Row = TypeVar("Row")


def text(name: str) -> str:
    """The text of a data file."""
    return (resources.files("remuda.knowledge") / "data" / name).read_text(encoding="utf-8")


def rows(name: str, row: type[Row]) -> tuple[Row, ...]:
    """All rows of a table; raises msgspec.ValidationError if one has not the row's shape."""
    decoder = msgspec.json.Decoder(tuple[row, ...], dec_hook=_decoded)  # type: ignore[valid-type]
    found: tuple[Row, ...] = decoder.decode(text(f"{name}.json"))
    return found


def _decoded(kind: type, value: Any) -> Span:
    if kind is Span and isinstance(value, str):
        return Span(value)
    raise NotImplementedError(kind)
