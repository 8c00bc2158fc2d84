from __future__ import annotations

import pytest

from remuda.spec.form import FormError, label, shown


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "nothing"),
        (True, "`true`"),
        (0.92, "`0.92`"),
        ("x", "`x`"),
        ({}, "a mapping"),
        ([1], "a list"),
        ("x" * 100, f"`{'x' * 60}…`"),
    ],
)
def test_values_in_messages(value: object, expected: str) -> None:
    assert shown(value) == expected


def test_paths_in_messages() -> None:
    assert label(("gateway", "keys", 0, "secret")) == "`gateway.keys[0].secret`"
    assert label(()) == "the fleet"


def test_an_error_of_form_is_a_value_error_with_its_message() -> None:
    error = FormError("must be text", hint="quote it", offset=3)
    assert isinstance(error, ValueError)
    assert (str(error), error.message, error.hint, error.offset) == ("must be text", "must be text", "quote it", 3)
