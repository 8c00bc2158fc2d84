"""Where routes lead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from remuda.errors import Problem
from remuda.spec.document import Document, Path
from remuda.spec.form import label
from remuda.spec.nearest import suggestion
from remuda.spec.route import form_of
from remuda.spec.rules.entries import entries, texts

_LISTS: Final = ("failover", "warm", "spillover", "replicas")


def _targets(document: Document, route: str) -> Iterator[tuple[str, Path]]:
    """The names a route leads to; the path is that of the text or the key that says so."""
    path = ("routes", route)
    value = document.find(path)
    if isinstance(value, str):
        yield value, path
        return
    form = form_of(value)
    keys = document.mapping(*path)
    if form == "split":
        yield from ((name, (*path, form, name)) for name in document.mapping(*path, form))
    elif form == "model" and isinstance(keys[form], str):
        yield keys[form], (*path, form)
    elif form in _LISTS:
        yield from ((name, (*path, form, index)) for index, name in texts(keys[form]))


def targets(document: Document) -> Iterator[Problem]:
    """A route to a name that nothing has, or to a model that is disabled."""
    models = {entry.model_id: entry for entry in entries(document)}
    aliases = {
        alias: entry for entry in models.values() for _, alias in texts(entry.keys.get("aliases"))
    }  # an alias of a disabled model leads nowhere either
    known = {**dict.fromkeys((*document.mapping("models"), *document.mapping("routes"))), **aliases, **models}
    for route in document.mapping("routes"):
        for name, path in _targets(document, route):
            entry = known.get(name)
            if name not in known:
                hint = suggestion(name, known, otherwise="name a model, an alias or another route")
                yield _at(document, path, f"route `{route}` leads to `{name}`, which does not exist", hint)
            elif entry is not None and not entry.is_enabled:
                message = f"route `{route}` leads to `{name}`, but model `{entry.model_id}` is disabled"
                yield _at(document, path, message, "remove `enabled: false`, or the route")


def _at(document: Document, path: Path, message: str, hint: str | None) -> Problem:
    is_key = path[2:3] == ("split",)
    return (document.problem_of_key if is_key else document.problem)(path, message, hint=hint)


def cycles(document: Document) -> Iterator[Problem]:
    """Routes that lead back to themselves; each loop is named once, at its first route."""
    routes = document.mapping("routes")
    leads_to = {route: [name for name, _ in _targets(document, route) if name in routes] for route in routes}
    done: set[str] = set()
    for route in routes:
        if loop := _loop(route, leads_to, done):
            message = f"the routes form a circle: {' → '.join(loop)}"
            yield document.problem_of_key(("routes", loop[0]), message, hint="let one of them lead to a model")


def _loop(start: str, leads_to: Mapping[str, list[str]], done: set[str]) -> list[str] | None:
    """Depth first without recursion: a chain of routes may be as long as the file."""
    trail: list[tuple[str, Iterator[str]]] = []
    if start not in done:
        trail.append((start, iter(leads_to[start])))
    while trail:
        name, rest = trail[-1]
        following = next(rest, None)
        names = [step for step, _ in trail]
        if following is None:
            done.add(name)
            trail.pop()
        elif following in names:
            done.update(names)
            return [*names[names.index(following) :], following]
        elif following not in done:
            trail.append((following, iter(leads_to[following])))
    return None


def weights(document: Document) -> Iterator[Problem]:
    """A split in which nothing has any weight."""
    for route in document.mapping("routes"):
        split = document.mapping("routes", route, "split")
        if split and all(type(weight) is int and weight == 0 for weight in split.values()):
            path = ("routes", route, "split")
            yield document.problem_of_key(path, f"{label(path)} gives every target the weight 0")


def twice(document: Document) -> Iterator[Problem]:
    """A target that stands twice in one list."""
    for route in document.mapping("routes"):
        first: dict[str, Path] = {}
        for name, path in _targets(document, route):
            if first.setdefault(name, path) != path:
                yield document.problem(path, f"route `{route}` names `{name}` twice", hint="remove one of the two")
