"""How tests of the fleet file say what a rule found: `LINE:COLUMN message`, warnings marked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from textwrap import dedent

from remuda.errors import Problem
from remuda.spec.document import Document, load


def document(text: str) -> Document:
    """The document of an indented text that begins on the line after the quotes; it must be well formed."""
    read = load(dedent(text).removeprefix("\n"), "remuda.yaml")
    assert read.problems == ()
    return read


def lines(problems: Iterable[Problem]) -> list[str]:
    return [line(problem) for problem in problems]


def line(problem: Problem) -> str:
    place = f"{problem.position.line}:{problem.position.column}" if problem.position else "?"
    return f"{place} {'' if problem.severity == 'error' else 'warning: '}{problem.message}"


def said(rule: Callable[[Document], Iterable[Problem]], text: str) -> list[str]:
    return lines(rule(document(text)))
