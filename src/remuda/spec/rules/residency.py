"""What `residency` says of models: sets and groups, and the costs of evicting them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from remuda.errors import Problem
from remuda.spec import sets
from remuda.spec.document import Document, Path
from remuda.spec.form import FormError, label
from remuda.spec.nearest import suggestion
from remuda.spec.rules.entries import Entry, entries, texts
from remuda.spec.rules.names import claims

_SETS: Path = ("residency", "sets")
_GROUPS: Path = ("residency", "groups")
_COSTS: Path = ("residency", "evict_costs")


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


def members(document: Document) -> Iterator[Problem]:
    """Members of groups that are no models of the fleet or in another group already, and groups beside sets."""
    groups = document.mapping(*_GROUPS)
    if groups and document.mapping(*_SETS):
        message = "`residency.groups` cannot stand beside `residency.sets`"
        yield document.problem_of_key(_GROUPS, message, hint="write the groups as sets, or the sets as groups")
    group_of: dict[str, str] = {}
    for name, group in groups.items():
        for index, member in texts(group.get("members") if isinstance(group, Mapping) else None):
            path = (*_GROUPS, name, "members", index)
            if error := _unknown_or_disabled(sets.Member(member, 0), _models(document), document):
                yield document.problem(path, f"{label(path)} {error.message}", hint=error.hint)
            elif member in group_of:
                message = f"{label(path)} names `{member}`, which is in the group `{group_of[member]}` already"
                yield document.problem(path, message, hint="remove it from one of the groups")
            group_of.setdefault(member, name)


def evict_costs(document: Document) -> Iterator[Problem]:
    """Costs of what is no model, and costs that nobody asks for."""
    costs = document.mapping(*_COSTS)
    if costs and not document.mapping(*_SETS):
        message = "`residency.evict_costs` has no effect without `residency.sets`"
        yield document.problem_of_key(_COSTS, message, hint="remove it")
    for name in costs:
        if error := _unknown_or_disabled(sets.Member(name, 0), _models(document), document):
            path = (*_COSTS, name)
            yield document.problem_of_key(path, f"{label(path)} {error.message}", hint=error.hint)


def always_on(document: Document) -> Iterator[Problem]:
    """An idle time for what is never stopped as idle."""
    for entry in entries(document):
        if entry.keys.get("always_on") is True and "ttl" in entry.keys:
            path = (*entry.path, "ttl")
            yield document.problem_of_key(path, f"{label(path)} has no effect beside `always_on`", hint="remove it")


def _models(document: Document) -> Mapping[str, Entry]:
    return {entry.model_id: entry for entry in entries(document)}


def _problem(document: Document, name: str, error: FormError) -> Problem:
    path = (*_SETS, name)
    return document.problem(path, f"{label(path)} {error.message}", hint=error.hint, offset=error.offset)


def _names(
    document: Document, name: str, expression: sets.Expression, texts: Mapping[str, object]
) -> Iterator[Problem]:
    models = _models(document)
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
