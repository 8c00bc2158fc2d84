"""Times of a fleet file that cannot do what they seem to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from remuda.errors import Problem
from remuda.spec.document import Document, Path
from remuda.spec.fleet import Residency
from remuda.spec.form import FormError, label
from remuda.spec.quantity import format_duration, parse_duration
from remuda.spec.rules.entries import entries

_SLOW: Final = {"vllm": "vLLM", "sglang": "SGLang"}
_START_S: Final = 60.0
"""The least that these take. A user of vLLM measured 65 to 108 s with warm caches and 360 s without (the notes of a
llama-swap module for club-3090's recipes); others 200 to 600 s."""


def short_lives(document: Document) -> Iterator[Problem]:
    """An engine that takes minutes to start, and is ended after seconds without a request."""
    for entry in entries(document):
        path = (*entry.path, "ttl")
        ttl_s = _seconds(document, path)
        if entry.engine in _SLOW and ttl_s is not None and 0 < ttl_s < _START_S:
            title, written = _SLOW[entry.engine], format_duration(ttl_s)
            message = f"{label(path)} ends it after {written}, and {title} takes 1 to 10 minutes to start again"
            yield document.problem(path, message, hint="write `15m` or more", severity="warning")


def never_held(document: Document) -> Iterator[Problem]:
    """A residency that is promised for longer than others wait."""
    path = ("residency", "min_residency")
    least_s, longest_s = _seconds(document, path), _seconds(document, ("residency", "max_wait"))
    if "max_wait" not in document.mapping("residency"):
        longest_s = Residency().max_wait_s
    if least_s is not None and longest_s is not None and least_s > longest_s:
        limit = format_duration(longest_s)
        message = f"{label(path)} is {format_duration(least_s)}, but `max_wait` ends it for another after {limit}"
        hint = f"lower it to `{limit}`, or raise `max_wait`"
        yield document.problem(path, message, hint=hint, severity="warning")


def _seconds(document: Document, path: Path) -> float | None:
    """None for a time that is not there, that never ends, or that is none: another rule says so."""
    try:
        return parse_duration(document.find(path))
    except FormError:
        return None
