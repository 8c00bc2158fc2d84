"""Defects of what engines are built with, and what a build does about each.

A remedy has a price (a package without cuDNN is slower), so it belongs only where the defect is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

from remuda.knowledge.release import Span, release
from remuda.knowledge.rows import Confidence, rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    """A defect of a part of CUDA, with the toolkits and the capabilities (those below one) that it concerns."""

    part: Literal["cccl", "cudnn"]
    toolkits: Span | None = None
    below: str | None = None
    message: str
    remedy: str
    source: str
    confidence: Confidence


@cache
def defects() -> tuple[Defect, ...]:
    """All defects."""
    return rows("defects", Defect)


def find(toolkit: str, capability: str) -> Iterator[Defect]:
    """The defects that a build for a capability with a CUDA toolkit meets."""
    number, device = release(toolkit) or (), release(capability) or ()
    for row in defects():
        is_toolkit = row.toolkits is None or number in row.toolkits
        if is_toolkit and (row.below is None or device < (release(row.below) or ())):
            yield row
