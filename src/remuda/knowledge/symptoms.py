"""What a line of an engine's log or a refusal means: cause, what would prove it, and what to do."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from operator import itemgetter

from remuda.knowledge.rows import Confidence, rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Symptom:
    """One known failure; `pattern` is searched for in a text."""

    name: str
    pattern: str
    cause: str
    proof: str
    advice: str
    source: str
    confidence: Confidence


@cache
def symptoms() -> tuple[Symptom, ...]:
    """All symptoms, the more telling ones first."""
    return rows("symptoms", Symptom)


def match(text: str) -> tuple[Symptom, ...]:
    """The symptoms that are in a text, in the order in which they first appear there."""
    hits = ((re.search(symptom.pattern, text), symptom) for symptom in symptoms())
    placed = [(hit.start(), symptom) for hit, symptom in hits if hit]
    return tuple(symptom for _, symptom in sorted(placed, key=itemgetter(0)))
