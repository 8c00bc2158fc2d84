"""The sets of `residency`: their expressions and what they name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from remuda.errors import Problem
from remuda.spec import sets
from remuda.spec.document import Document, Path
from remuda.spec.form import FormError, label
from remuda.spec.nearest import suggestion
from remuda.spec.rules.entries import Entry, entries
from remuda.spec.rules.names import claims

_SETS: Path = ("residency", "sets")


def expressions(document: Document) -> Iterator[Problem]:
    """Expressions that cannot be read, names in them that do not exist, and sets that cannot be expanded."""
    parsed: dict[str, sets.Expression] = {}
    problems: list[Problem] = []
    texts = document.mapping(*_SETS)
    for name, text in texts.items():
        try:
            if isinstance(text, str):
                parsed[name] = sets.parse(text)
        except FormError as error:
            problems.append(_problem(document, name, error))
    for name, expression in parsed.items():
        problems += _names(document, name, expression, texts)
    yield from problems or _expansion(document, parsed)


def _problem(document: Document, name: str, error: FormError) -> Problem:
    path = (*_SETS, name)
    return document.problem(path, f"{label(path)} {error.message}", hint=error.hint, offset=error.offset)


def _names(
    document: Document, name: str, expression: sets.Expression, texts: Mapping[str, object]
) -> Iterator[Problem]:
    models = {entry.model_id: entry for entry in entries(document)}
    for leaf in sets.leaves(expression):
        if isinstance(leaf, sets.Member):
            error = _unknown_or_disabled(leaf, models, document)
        else:
            error = None if leaf.name in texts else _unknown_set(leaf, texts)
        if error:
            yield _problem(document, name, error)


def _unknown_set(leaf: sets.Include, texts: Mapping[str, object]) -> FormError:
    hint = suggestion(leaf.name, texts)
    return FormError(f"includes the unknown set `{leaf.name}`", hint=hint, offset=leaf.offset)


def _unknown_or_disabled(leaf: sets.Member, models: Mapping[str, Entry], document: Document) -> FormError | None:
    if leaf.name not in document.mapping("models"):
        what = next((what for name, what, _ in claims(document) if name == leaf.name), None)
        named = f"names the {what} `{leaf.name}`" if what else f"names `{leaf.name}`, which does not exist"
        return FormError(f"{named}: expected a model ID", hint=suggestion(leaf.name, models), offset=leaf.offset)
    if leaf.name in models and not models[leaf.name].is_enabled:
        return FormError(f"names the disabled model `{leaf.name}`", hint="remove it from the set", offset=leaf.offset)
    return None


def _expansion(document: Document, parsed: Mapping[str, sets.Expression]) -> Iterator[Problem]:
    """Circles of includes, each once, and sets that allow too many combinations."""
    in_circle: set[str] = set()
    for name in parsed:
        try:
            sets.Expansion(parsed).of_set(name)
        except sets.CycleError as error:
            if not in_circle & set(error.names):
                yield _problem(document, error.names[0], error)
            in_circle |= {*error.names, name}
        except FormError as error:
            yield _problem(document, name, error)
