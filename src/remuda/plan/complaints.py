"""What an engine's log complains about: known symptoms, each with its cause and what to do.

Symptoms are looked for in all of the text. What only the engines' own tables know (a flag that was refused, a port that
was taken) is looked for in its last lines, as when an engine of ours has ended: what came before was survived.

Which engine wrote the log is not asked: all tables are tried. Nothing is concluded from what the log does not say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Final

from remuda.engines import ENGINES
from remuda.engines.contract import FailureKind, Trouble
from remuda.engines.failure import READ_LINES, WORDS
from remuda.knowledge.symptoms import Symptom, symptoms

_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_LONGEST: Final = 500


@dataclass(frozen=True, slots=True)
class Complaint:
    """One kind of complaint: the line (from 1) that it is first in, how many lines have it, and what it means.

    `proof` is what would show the cause, `advice` what to do, `source` who says so: None where no row of the table of
    symptoms is behind it.
    """

    line: int
    times: int
    text: str
    cause: str
    proof: str | None = None
    advice: str | None = None
    source: str | None = None


def complaints(text: str, *, first_line: int = 1) -> tuple[Complaint, ...]:
    """All that a log complains about, in its order; `first_line` is the number of the text's first line."""
    lines = _COLOUR.sub("", text).split("\n")
    plain = "\n".join(lines)
    known = [found for symptom in symptoms() if (found := _symptom(plain, lines, symptom))]
    said = {found.line for found in known}
    others = (found for found in _troubles(lines) if found.line not in said)
    ordered = sorted([*known, *others], key=attrgetter("line"))
    return tuple(replace(found, line=found.line + first_line - 1) for found in ordered)


def _symptom(text: str, lines: Sequence[str], symptom: Symptom) -> Complaint | None:
    found = _lines_with(symptom.pattern, text)
    if not found:
        return None
    said = _shown(lines[found[0] - 1])
    return Complaint(found[0], len(found), said, symptom.cause, symptom.proof, symptom.advice, symptom.source)


def _lines_with(pattern: str, text: str) -> list[int]:
    """The lines, from 1, in which the pattern begins, each once however often it does."""
    found: list[int] = []
    line, counted = 1, 0
    for start in (match.start() for match in re.finditer(pattern, text)):
        line += text.count("\n", counted, start)
        counted = start
        if not found or found[-1] != line:
            found.append(line)
    return found


def _troubles(lines: Sequence[str]) -> Iterator[Complaint]:
    """The first line of each kind of trouble, by the engines' tables."""
    before = max(0, len(lines) - READ_LINES)
    kinds: set[FailureKind] = set()
    for number, line in enumerate(lines[before:], before + 1):
        signals = (engine.read_line(line[:_LONGEST]) for engine in ENGINES.values())
        for trouble in (signal for signal in signals if isinstance(signal, Trouble) and signal.kind not in kinds):
            kinds.add(trouble.kind)
            yield Complaint(number, 1, _shown(line), f"the engine {WORDS.get(trouble.kind, 'failed')}")


def _shown(line: str) -> str:
    return line.strip()[:_LONGEST]
