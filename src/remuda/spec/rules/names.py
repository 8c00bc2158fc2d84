"""The names that clients send, and those of units.

Models, aliases and routes share one namespace: a client sends one string, and it must mean one thing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from remuda.errors import Problem
from remuda.spec.document import Document, Path
from remuda.spec.form import label
from remuda.spec.rules.entries import entries, texts
from remuda.spec.values import NAME_PATTERN, UNIT_PATTERN

UNIT_RUNTIMES: Final = frozenset(("podman", "docker", "systemd"))
"""The runtimes in which an instance is a unit or a container with a name."""

_NAME: Final = re.compile(NAME_PATTERN)
_UNIT: Final = re.compile(UNIT_PATTERN)


def claims(document: Document) -> Iterator[tuple[str, str, Path]]:
    """Every name that clients may send: the name, what it is, where it is given."""
    for model_id in document.mapping("models"):
        yield model_id, "model", ("models", model_id)
    for name in document.mapping("routes"):
        yield name, "route", ("routes", name)
    for entry in entries(document):
        for index, alias in texts(entry.keys.get("aliases")):
            yield alias, "alias", (*entry.path, "aliases", index)


def one_namespace(document: Document) -> Iterator[Problem]:
    """A name that is given twice."""
    first: dict[str, tuple[str, Path]] = {}
    for name, what, path in claims(document):
        if name not in first:
            first[name] = what, path
            continue
        other, other_path = first[name]
        position = document.at_key(other_path)
        where = f" at {position.line}:{position.column}" if position else ""
        message = f"the {what} `{name}` has the name of the {other} {label(other_path)}{where}"
        yield document.problem_of_key(path, message, hint="rename one of the two")


def name_pattern(document: Document) -> Iterator[Problem]:
    """A name that clients cannot send."""
    for name, what, path in claims(document):
        if not _NAME.fullmatch(name):
            message = f"the {what} `{name}` must begin with a letter or digit and hold only those and `._:/-`"
            yield document.problem_of_key(path, message)


def unit_names(document: Document) -> Iterator[Problem]:
    """A unit that systemd and podman could not name so, or that two models share."""
    first: dict[str, str] = {}
    for entry in entries(document):
        path = (*entry.path, "unit")
        is_given = entry.text("unit") is not None
        needs_one = entry.is_enabled and entry.runtime in UNIT_RUNTIMES
        if (is_given or needs_one) and not _UNIT.fullmatch(entry.unit):
            rule = "must begin with a letter or digit and hold only those, `.` and `-`"
            if is_given:
                yield document.problem(path, f"{label(path)} {rule}, not `{entry.unit}`")
            elif _NAME.fullmatch(entry.model_id):
                message = f"model `{entry.model_id}` needs `unit`: the name of a {entry.runtime} unit {rule}"
                yield document.problem_of_key(entry.path, message, hint=f"add `unit: {_as_unit(entry.model_id)}`")
        if needs_one and (other := first.setdefault(entry.unit, entry.model_id)) != entry.model_id:
            message = f"model `{entry.model_id}` has the same unit as model `{other}`: `{entry.unit}`"
            yield document.problem(path, message, hint="give one of them another `unit`")


def _as_unit(model_id: str) -> str:
    return re.sub(r"[^A-Za-z0-9.-]+", "-", model_id).strip("-")
