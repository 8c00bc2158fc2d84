"""Which formats of weights and quantisations an engine reads, by release, and what they need of a card."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

from remuda.knowledge import flags
from remuda.knowledge.release import Span, release
from remuda.knowledge.rows import Confidence, rows

Support = Literal["yes", "no", "limited", "plugin", "convert", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """One format over a range of releases, of all if there is none; `convert` is no, but there is a converter."""

    engine: str
    format: str
    support: Support
    versions: Span | None = None
    note: str | None = None
    source: str
    confidence: Confidence


@cache
def formats() -> tuple[Format, ...]:
    """All formats that are not harvested."""
    return rows("formats", Format)


def find(engine: str, name: str, version: str) -> Format | None:
    """What is known of a format in a release."""
    number = release(version)
    for row in formats():
        if (row.engine, row.format) == (engine, name) and (row.versions is None or (number or ()) in row.versions):
            return row
    return None


def quantization(name: str, version: str) -> flags.Standing:
    """Whether a release of vLLM takes a value of `--quantization`."""
    table = flags.table("vllm")
    return table.standing("quantization", name, version) if table else flags.Standing("unknown")


def capability_of(name: str, version: str) -> str | None:
    """The lowest compute capability that a release of vLLM asks for a quantisation (`7.5`); None if it is not known."""
    table = flags.table("vllm")
    for pair in table.known("capability", version) if table else ():
        method, _, least = pair.partition("=")
        if method == name:
            return f"{least[:-1]}.{least[-1]}"
    return None
