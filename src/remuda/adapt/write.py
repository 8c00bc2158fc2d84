"""What an adapter made → the text of a fleet file, or more entries for one that is there.

A file that is there is only added to: its lines, comments and order stay, and what it has already under the same name
is a conflict, never a choice made here. The text is read again before it is given out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, Final

from remuda.adapt.contract import Adapted, Remark
from remuda.errors import InternalError, Problem, SpecError
from remuda.spec import edit
from remuda.spec.document import Document, Path, load
from remuda.spec.form import label
from remuda.spec.yaml_text import to_yaml

_NAMED: Final = ("models", "routes", "engines", "upstreams")
"""Sections whose entries have names."""


@dataclass(frozen=True, slots=True)
class Written:
    """The text of a fleet file; with an error among the problems it is the one that was there."""

    text: str
    problems: tuple[Problem, ...] = ()


def fleet_text(adapted: Adapted, *, comment: str = "") -> str:
    """A new fleet file; raises InternalError if it could not be read again."""
    text = edit.annotate(to_yaml(adapted.data, comment=comment), adapted.notes)
    again = load(text, "")
    if adapted.data and (again.problems or again.data != _plain(adapted.data)):
        raise InternalError("what was imported cannot be written as YAML")
    return text


def merged(text: str, file: str, adapted: Adapted) -> Written:
    """The text of a fleet file with the entries besides its own; problems are at its positions."""
    document = load(text, file)
    if document.problems and document.data:
        return Written(text, document.problems)
    problems = tuple(_conflicts(document, adapted))
    if problems:
        return Written(text, problems)
    changed, added = text, list(_additions(document, adapted.data))
    try:
        for path, values in groupby(added, key=lambda addition: addition[0][:-1]):
            changed = edit.extend(changed, path, {str(where[-1]): value for where, value in values})
    except SpecError as error:
        return Written(text, error.problems or (Problem(error.message, hint=error.hint),))
    new = {path for path, _ in added}
    notes = {
        path: note for path, note in adapted.notes.items() if any(path[:end] in new for end in range(1, len(path) + 1))
    }
    return Written(edit.annotate(changed, notes))


def narrowed(adapted: Adapted, only: frozenset[str]) -> Adapted:
    """With only these models; sections that name models (`routes`, `residency`) cannot do without the others."""
    models = {name: entry for name, entry in adapted.data.get("models", {}).items() if name in only}
    missing = [Remark("", Problem(f"there is no model `{name}` in it")) for name in sorted(only - models.keys())]
    remarks = tuple(remark for remark in adapted.remarks if _is_about(remark.problem.path, only))
    rest = {key: value for key, value in adapted.data.items() if key not in ("routes", "residency")}
    return replace(adapted, data={**rest, "models": models}, remarks=(*remarks, *missing))


def _is_about(path: Path, only: frozenset[str]) -> bool:
    return path[:1] != ("models",) or path[1:2] == () or path[1] in only


def _conflicts(document: Document, adapted: Adapted) -> Iterator[Problem]:
    for path, value in _leaves(document.data, adapted.data, ()):
        found = document.find(path)
        if _is_there(document.data, path) and found != _plain(value):
            place = adapted.places.get(path)
            where = f"; the other is at {place.file}:{place.position.line}:{place.position.column}" if place else ""
            hint = "rename one of them" if path[0] in _NAMED else "remove one of them"
            yield document.problem_of_key(path, f"{label(path)} is there already{where}", hint=hint)


def _additions(document: Document, data: Mapping[str, Any]) -> Iterator[tuple[Path, Any]]:
    for path, value in _leaves(document.data, data, ()):
        if not _is_there(document.data, path):
            yield path, value


def _leaves(there: Any, data: Mapping[str, Any], path: Path) -> Iterator[tuple[Path, Any]]:
    """What is added or compared as a whole: a named entry, or a key that is missing or single."""
    for key, value in data.items():
        below = (*path, key)
        inner = there.get(key) if isinstance(there, dict) else None
        if isinstance(value, Mapping) and isinstance(inner, dict) and (path == () or path[0] not in _NAMED):
            yield from _leaves(inner, value, below)
        else:
            yield from _entries(below, value, inner)


def _entries(path: Path, value: Any, inner: Any) -> Iterator[tuple[Path, Any]]:
    """The entries of a section that is there without any, so that each is put for itself."""
    if inner is None and len(path) == 1 and isinstance(value, Mapping):
        yield from (((*path, name), entry) for name, entry in value.items())
    else:
        yield path, value


def _is_there(data: Any, path: Path) -> bool:
    for part in path:
        if not isinstance(data, dict) or part not in data:
            return False
        data = data[part]
    return True


def _plain(value: Any) -> Any:
    """The value as it is read again."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
