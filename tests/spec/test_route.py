from __future__ import annotations

from typing import Any

import pytest

from remuda.spec.fleet import Fleet
from remuda.spec.route import FORMS, Failover, Lane, Replicas, Route, Spillover, Split, Warm, form_of, targets_of

NO_FORMS: tuple[object, ...] = ("a", {}, {"at": 4}, None, [])


def route(value: object) -> Route:
    return Fleet.model_validate({"models": {}, "routes": {"r": value}}).routes["r"]


@pytest.mark.parametrize(
    ("value", "form", "targets"),
    [
        ("a", str, ("a",)),
        ({"model": "a", "strip_params": ["top_p"], "set_params": {"n": 1}}, Lane, ("a",)),
        ({"split": {"a": 9, "b": 0}, "sticky": "prefix"}, Split, ("a", "b")),
        ({"failover": ["a", "b"]}, Failover, ("a", "b")),
        ({"warm": ["a", "b"]}, Warm, ("a", "b")),
        ({"spillover": ["a", "b"], "at": 4}, Spillover, ("a", "b")),
        ({"replicas": ["a", "b"], "affinity": "header:X-User"}, Replicas, ("a", "b")),
    ],
)
def test_the_key_tells_the_form(value: Any, form: type, targets: tuple[str, ...]) -> None:
    made = route(value)
    assert type(made) is form
    assert targets_of(made) == targets
    assert form_of(made) == form_of(value)


def test_every_form_is_told_by_a_key_of_its_own() -> None:
    assert [key for key, form in FORMS.items() if not form.model_fields[key].is_required()] == []
    assert [form_of(value) for value in NO_FORMS] == [None] * 5


def test_every_key_says_what_it_means() -> None:
    fields = [(name, field) for form in FORMS.values() for name, field in form.model_fields.items()]
    assert [name for name, field in fields if not field.description] == []
