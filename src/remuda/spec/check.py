"""Judges a document: its form, its shape, and what its keys mean together. Everything wrong at once.

What needs knowledge of engines is added by `remuda.plan.check`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from pydantic import ValidationError

from remuda.errors import Position, Problem
from remuda.spec.document import Document
from remuda.spec.fleet import Fleet
from remuda.spec.problems import problems_of
from remuda.spec.rules import (
    accounts,
    commands,
    gateway,
    images,
    model_ids,
    models,
    names,
    nix,
    references,
    residency,
    routes,
    settings,
    shape,
    steps,
    visibility,
)

Rule = Callable[[Document], Iterator[Problem]]

RULES: Final[tuple[Rule, ...]] = (
    shape.empty,
    gateway.open_to_others,
    gateway.secrets,
    gateway.key_names,
    gateway.port,
    names.one_namespace,
    names.name_pattern,
    names.unit_names,
    models.some,
    models.what_runs,
    models.external,
    models.command_program,
    models.command_port,
    models.ports,
    models.without_effect,
    models.memory,
    images.tag_or_digest,
    images.form,
    images.fleeting,
    commands.assignments,
    commands.outside,
    commands.all_gpus,
    steps.contained,
    steps.lines,
    visibility.choosing,
    visibility.all_of_a_container,
    accounts.accounts,
    accounts.names_and_paths,
    accounts.numbers,
    settings.spellings,
    references.references,
    routes.targets,
    routes.cycles,
    routes.weights,
    routes.twice,
    residency.expressions,
    residency.members,
    residency.evict_costs,
    residency.always_on,
    nix.pinned,
    nix.targets,
    nix.wheels,
    nix.together,
    model_ids.convention,
)

_START: Final = Position(0, 0)


def judge(document: Document) -> tuple[Fleet | None, tuple[Problem, ...]]:
    """The fleet, if the document has its shape, and all problems in the order of the file."""
    problems = list(document.problems)
    fleet = None
    if not document.data and document.problems:
        return None, in_order(problems)
    try:
        fleet = Fleet.model_validate(document.data)
    except ValidationError as error:
        problems += problems_of(error, document)
    for rule in RULES:
        problems += rule(document)
    return fleet, in_order(problems)


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Sorted by position; what is said twice about one place (a merged mapping) is said once."""
    once = {(problem.position, problem.message): problem for problem in problems}
    return tuple(sorted(once.values(), key=lambda problem: problem.position or _START))
