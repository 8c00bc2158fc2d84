"""Macros, against llama-swap's own procedure: one after the other, the last one first."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remuda.adapt.llama_swap.macros import Budget, Scope, TooLargeError
from remuda.quoting.llama_swap import filled

NAMES = ("a", "b", "c", "a-b")
TEXTS = st.lists(
    st.sampled_from([f"${{{name}}}" for name in NAMES] + ["${", "}", "a", "x", " ", "${x}", "$"]), max_size=5
).map("".join)
VALUES = TEXTS | st.integers(-9, 9) | st.booleans() | st.sampled_from((0.7, 1e-7, 3e6))


def scope(values: dict[str, Any], **more: Any) -> Scope:
    return Scope(values, Budget(**more))


@given(st.permutations(NAMES), st.lists(VALUES, min_size=4, max_size=4), TEXTS)
def test_a_text_is_what_replacing_one_macro_after_the_other_gives(
    order: list[str], values: list[Any], text: str
) -> None:
    macros = {name: value for name, value in zip(order, values, strict=True) if f"${{{name}}}" not in str(value)}
    assert scope(macros).put_in(text) == filled(text, list(macros.items()))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${ctx}", 4096),
        ("-c ${ctx}", "-c 4096"),
        ("${on}", True),
        ("${on}!", "true!"),
        ("${alias}", 4096),
        ("${later}", "${unknown}"),
        ("${env.HOME}", "${env.HOME}"),
    ],
)
def test_a_value_that_is_a_name_and_nothing_else_takes_the_type(text: str, expected: object) -> None:
    values = {"ctx": 4096, "on": True, "alias": "${ctx}", "later": "${unknown}", "unknown": 1}
    assert scope(values).put_in(text) == expected


def test_what_stands_first_is_put_in_last() -> None:
    shared = scope({"path": "/m/${MODEL_ID}"})
    assert Scope({"MODEL_ID": "a"}, Budget(), shared).put_in("${path}.gguf") == "/m/a.gguf"


def test_macros_cannot_make_more_text_than_there_may_be() -> None:
    doubling = {"m0": "x" * 10, **{f"m{n}": f"${{m{n - 1}}}" * 2 for n in range(1, 64)}}
    with pytest.raises(TooLargeError):
        scope(doubling).put_in("${m63}")


def test_many_small_texts_are_too_much_as_well() -> None:
    some = scope({"a": "x" * 100}, left=1000)
    some.put_in("-${a}")
    with pytest.raises(TooLargeError):
        some.put_in("-${a}" * 5)
