"""Everything that can be said against a fleet file without a machine, engines included.

`remuda check`, `up` and every other verb that reads a fleet file go through here. What a machine cannot give is not
judged: that is planning.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from remuda.engines import ENGINES, ollama
from remuda.engines.flags import check as check_settings
from remuda.errors import Problem, SpecError
from remuda.plan.releases import unknown_names
from remuda.plan.resting import resting
from remuda.plan.timings import never_held, short_lives
from remuda.plan.weights import too_large
from remuda.spec import document as documents
from remuda.spec.check import in_order, judge
from remuda.spec.document import Document, Path
from remuda.spec.fleet import Fleet
from remuda.spec.form import label
from remuda.spec.layer import layer, unlocked
from remuda.spec.lock import Lock
from remuda.spec.nearest import suggestion
from remuda.spec.rules.entries import entries

_NO_LOCK: Final = Lock()


@dataclass(frozen=True, slots=True)
class Checked:
    """A judged file. `fleet` is there if it has the right shape, which does not mean that it has no errors."""

    fleet: Fleet | None
    document: Document
    problems: tuple[Problem, ...]

    @property
    def has_errors(self) -> bool:
        """Whether anything but warnings was found."""
        return any(problem.severity == "error" for problem in self.problems)


def check(text: str | bytes, file: str, lock: Lock = _NO_LOCK) -> Checked:
    """Judge the text of a fleet file, over what the lock beside it says; `file` is its name in messages."""
    document = layer(documents.load(text, file), lock)
    fleet, found = judge(document)
    said = {problem.path for problem in found}
    nameless = {("models", model_id) for model_id in unlocked(document)}
    more = (
        problem
        for rule in _RULES
        for problem in rule(document)
        if problem.path not in said and problem.path[:2] not in nameless
    )
    return Checked(fleet, document, in_order((*found, *more)))


def load_fleet(text: str | bytes, file: str, lock: Lock = _NO_LOCK) -> tuple[Fleet, Document, tuple[Problem, ...]]:
    """The fleet of a file without errors, its document and its warnings; else raises `SpecError` with all problems."""
    checked = check(text, file, lock)
    if checked.has_errors or checked.fleet is None:
        count = sum(problem.severity == "error" for problem in checked.problems)
        message = f"cannot use `{file}`: {count} error{'s' if count != 1 else ''}"
        raise SpecError(message, file=file, problems=checked.problems)
    return checked.fleet, checked.document, checked.problems


def _engine_names(document: Document) -> Iterator[Problem]:
    """Engines that Remuda does not know."""
    otherwise = f"use one of `{'`, `'.join(sorted(ENGINES))}`"
    for name in document.mapping("engines"):
        if name not in ENGINES:
            hint = suggestion(name, ENGINES, otherwise=otherwise)
            yield document.problem_of_key(("engines", name), f"unknown engine `{name}`", hint=hint)
    for entry in entries(document):
        if isinstance(entry.engine, str) and entry.engine not in ENGINES:
            path = (*entry.path, "engine")
            hint = suggestion(entry.engine, ENGINES, otherwise=otherwise)
            yield document.problem(path, f"{label(path)} is the unknown engine `{entry.engine}`", hint=hint)


def _settings(document: Document) -> Iterator[Problem]:
    """Flags that Remuda sets itself, and values that the engine's command line cannot express."""
    for name in document.mapping("engines"):
        yield from _settings_at(document, name, ("engines", name, "settings"))
    for entry in entries(document):
        yield from _settings_at(document, entry.engine, (*entry.path, "settings"))


def _served_names(document: Document) -> Iterator[Problem]:
    """A name for an engine that goes by its own names."""
    for entry in entries(document):
        if entry.engine == ollama.NAME and "served_name" in entry.keys:
            path = (*entry.path, "served_name")
            message = f"{label(path)} cannot be used with the engine `{ollama.NAME}`, which goes by its own names"
            hint = "remove it; requests are sent with what `model` says"
            yield document.problem_of_key(path, message, hint=hint)


def _settings_at(document: Document, engine: str | None, path: Path) -> Iterator[Problem]:
    if engine is not None and engine in ENGINES:
        for problem in check_settings(document.mapping(*path), ENGINES[engine]):
            where = (*path, *problem.path)
            message = f"{label(path)}: {problem.message}"
            yield replace(problem, message=message, path=where, position=document.at_key(where))


_RULES: Final = (_engine_names, _settings, _served_names, resting, unknown_names, short_lives, never_held, too_large)
