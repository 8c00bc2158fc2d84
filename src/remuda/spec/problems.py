"""What pydantic finds wrong with a fleet file, as problems at positions and in our words.

One problem for each mistake: the models are made so that pydantic never tries two forms of one value. Keys without a
value are left to `remuda.spec.rules.shape`, because pydantic accepts some of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from remuda.errors import Problem
from remuda.spec.document import Document, Path
from remuda.spec.engine import EngineDefaults
from remuda.spec.fleet import Fleet, Group, Lint, Residency
from remuda.spec.form import QUOTE, FormError, label, shown
from remuda.spec.gateway import Gateway, Key, Tls
from remuda.spec.limits import Limits
from remuda.spec.model import Model
from remuda.spec.nearest import nearest, suggestion
from remuda.spec.route import FORMS, NO_FORM, TAGS, form_of
from remuda.spec.values import ALL, EACH

_KEY: Final = "[key]"
"""What pydantic appends to the location of a key that it refuses."""

_TAGS: Final = frozenset((ALL, EACH, *TAGS))
"""What pydantic puts into the location of an error where a value has several forms."""

_EXPECTED: Final = {
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "mapping_type": "a mapping",
    "model_type": "a mapping",
    "int_type": "a whole number",
    "bool_type": "`true` or `false`",
}
_SECTIONS: Final[Mapping[Path, type[BaseModel]]] = {
    (): Fleet,
    ("gateway",): Gateway,
    ("gateway", "tls"): Tls,
    ("gateway", "limits"): Limits,
    ("residency",): Residency,
    ("lint",): Lint,
}
Sections = Callable[[Path, Document], type[BaseModel] | None]
"""Which model the section at a path has."""

_BOOLEANS: Final = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}


def problems_of(error: ValidationError, document: Document, sections: Sections | None = None) -> Iterator[Problem]:
    """The problems of a document that did not validate as `Fleet`, or as what `sections` tells the models of."""
    for details in error.errors(include_url=False):
        path = _path(details)
        match details["type"]:
            case "extra_forbidden":
                yield _unknown_key(path, document, sections or section_of)
            case "missing":
                message = f"{label(path[:-1])} needs `{path[-1]}`"
                yield document.problem_of_key(path[:-1], message, hint=f"add `{path[-1]}:`")
            case "too_short":
                what = "model" if path[-1] == "members" else "target"
                hint = f"write at least one {what}" + (" and its weight" if path[-1] == "split" else "")
                yield document.problem(path, f"{label(path)} is empty", hint=hint)
            case kind if kind == NO_FORM:
                yield _no_route(path, document)
            case _ if details["input"] is not None:
                yield _wrong_value(details, path, document)


def section_of(path: Path, document: Document) -> type[BaseModel] | None:
    """The model of the section at a path, if there is one; what kind of route it is, the document tells."""
    match path:
        case ("gateway", "keys", int()):
            return Key
        case ("engines", _):
            return EngineDefaults
        case ("models", _):
            return Model
        case ("residency", "groups", _):
            return Group
        case ("routes", _):
            return FORMS.get(form_of(document.find(path)) or "")
    return _SECTIONS.get(path)


def _path(details: ErrorDetails) -> Path:
    """The path of an error: its location without what pydantic adds that is not in the file."""
    *above, last = details["loc"]
    is_added = details["type"] != "extra_forbidden" and last in {*_TAGS, _KEY}
    return tuple(part for part in above if part not in _TAGS) + (() if is_added else (last,))


def _unknown_key(path: Path, document: Document, sections: Sections) -> Problem:
    section = sections(path[:-1], document)
    key = str(path[-1])
    if len(path) == 3 and path[0] == "routes" and key in FORMS:  # noqa: PLR2004 (routes, its name, the key)
        hint = "give each choice a route of its own: a target may be another route"
        return document.problem_of_key(path, f"{label(path)} is one choice too many", hint=hint)
    keys = [field.alias or name for name, field in section.model_fields.items()] if section else []
    if section in (Model, EngineDefaults) and nearest(key, keys) is None:
        hint = f"move `{key}` under `settings` if it is a flag of the engine"
    else:
        hint = suggestion(key, keys, otherwise=f"use one of `{'`, `'.join(keys)}`") or ""
    return document.problem_of_key(path, f"unknown key {label(path)}", hint=hint)


def _no_route(path: Path, document: Document) -> Problem:
    keys = document.mapping(*path)
    meant = (f"write `{found}`" for key in keys if (found := nearest(key, FORMS)))
    message = f"{label(path)} does not say what it leads to: expected one of `{'`, `'.join(FORMS)}`"
    return document.problem_of_key(path, message, hint=next(meant, "write the name of a model, or one of these keys"))


def _wrong_value(details: ErrorDetails, path: Path, document: Document) -> Problem:
    value = details["input"]
    cause = details.get("ctx", {}).get("error")
    if isinstance(cause, FormError):
        return _wrong_form(cause, path, document, of_key=details["loc"][-1] == _KEY)
    expected = _expected(details)
    message = f"{label(path)} must be {expected}, not {shown(value)}"
    return document.problem(path, message, hint=_hint(details, value))


def _wrong_form(cause: FormError, path: Path, document: Document, *, of_key: bool) -> Problem:
    message = f"{label(path)} {cause.message}"
    if of_key:
        return document.problem_of_key(path, message, hint=cause.hint)
    hint = f'write `"{document.source(path)}"`' if cause.hint == QUOTE else cause.hint
    return document.problem(path, message, hint=hint, offset=cause.offset or None)


def _expected(details: ErrorDetails) -> str:
    kind, context = details["type"], details.get("ctx", {})
    match kind:
        case "literal_error":
            return "one of " + str(context["expected"]).replace("'", "`").replace(" or ", ", ")
        case "greater_than_equal":
            return f"at least {context['ge']}"
        case "less_than_equal":
            return f"at most {context['le']}"
    return _EXPECTED[kind]


def _hint(details: ErrorDetails, value: object) -> str | None:
    match details["type"], value:
        case "tuple_type", str():
            return f"write `[{value}]`"
        case "int_type", str() if value.isascii() and value.isdigit():
            return "remove the quotes"
        case "bool_type", str() if value.lower() in _BOOLEANS:
            return f"write `{_BOOLEANS[value.lower()]}`"
        case "literal_error", str():
            return suggestion(value, details["ctx"]["expected"].replace(" or ", ", ").replace("'", "").split(", "))
    return None
