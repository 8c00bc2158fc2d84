"""Files of variables against what reads them: names that nothing reads, and names that are set elsewhere too.

A unit sets `VLLM_MAX_MODEL_LEN` for a script that reads `MAX_MODEL_LEN`, and nobody tells: the default is used. So the
names that a file sets are judged as those under `environment` are, by what the engine's release knows.

Names only: values are not read into here, and no message could hold one. All of it is warnings, since the file may be
another one where the fleet runs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from remuda.errors import Problem
from remuda.plan.releases import unread
from remuda.spec.defaults import EXTERNAL
from remuda.spec.document import Document, Path
from remuda.spec.form import FormError, label
from remuda.spec.reference import Reference, parse
from remuda.spec.rules import visibility
from remuda.spec.rules.entries import Entry, entries

Names = Mapping[str, Sequence[str]]
"""The names that each file sets, in its order, by the path that the fleet file writes."""


def environment_files(document: Document) -> frozenset[str]:
    """The paths of all files of variables, as they are written."""
    return frozenset(file for entry in entries(document) for _, file in _files(document, entry))


def judge_files(document: Document, names: Names) -> Iterator[Problem]:
    """What is wrong with the files, each at the place that names it."""
    for entry in entries(document):
        if entry.is_enabled and entry.runtime != EXTERNAL:
            for path, file in _files(document, entry):
                for message, hint in _of_file(document, entry, file, names.get(file, ())):
                    yield document.problem(path, f"{label(path)}: {message}", hint=hint, severity="warning")


def _files(document: Document, entry: Entry) -> Iterator[tuple[Path, str]]:
    for above in (("engines", str(entry.engine)), entry.path):
        file = document.mapping(*above).get("environment_file")
        if isinstance(file, str):
            yield (*above, "environment_file"), file


def _of_file(document: Document, entry: Entry, file: str, names: Sequence[str]) -> Iterator[tuple[str, str | None]]:
    own = dict(_environment(document, entry))
    outside = _read_from_outside(document, entry)
    for name, count in Counter(names).items():
        if found := unread(document, entry, name):
            yield f"in `{file}`, {found.message}", found.hint
        if what := visibility.effect(name):
            yield f"`{name}` in `{file}` {what}", visibility.HINT
        if name in own:
            yield _shadowed(file, name, *own[name])
        elif name in outside:
            path = label(outside[name])
            message = f"`{file}` sets `{name}`, which is not what `${{env:{name}}}` in {path} is: that is Remuda's own"
            yield message, "the engine has it from the file already; pass what else needs it to Remuda"
        if count > 1:
            yield f"`{file}` sets `{name}` twice, of which the last counts", "remove one of the two"


def _shadowed(file: str, name: str, path: Path, value: object) -> tuple[str, str]:
    if value is None:
        message = f"{label(path)} removes `{name}`, but `{file}` sets it"
        return message, "remove it from the file"
    message = f"`{name}` in `{file}` has no effect: {label(path)} comes over it"
    return message, "set it in one place"


def _environment(document: Document, entry: Entry) -> Iterator[tuple[str, tuple[Path, object]]]:
    """What is set under `environment`, by name, with its place; the model's last."""
    for above in (("engines", str(entry.engine), "environment"), (*entry.path, "environment")):
        yield from ((name, ((*above, name), value)) for name, value in document.mapping(*above).items())


def _read_from_outside(document: Document, entry: Entry) -> dict[str, Path]:
    """The variables of Remuda's own environment that a model refers to, with one place each."""
    found: dict[str, Path] = {}
    for above in (("engines", str(entry.engine)), entry.path):
        for section in ("environment", "settings"):
            for key, value in document.mapping(*above, section).items():
                found |= dict.fromkeys(_outside(value), (*above, section, key))
    return found


def _outside(value: object) -> Iterator[str]:
    try:
        parts = parse(value) if isinstance(value, str) else ()
    except FormError:
        return  # said by the rule of references
    yield from (part.name for part in parts if isinstance(part, Reference) and part.kind == "env")
