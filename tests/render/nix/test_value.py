"""Any data comes back from both versions of Nix as it was written."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from remuda.errors import SpecError
from remuda.render.nix.expression import Binding, Block, Expression, List, Set, Text
from remuda.render.nix.printer import one_line, to_nix
from remuda.render.nix.value import prose, value
from tests.render.nix.evaluator import VERSIONS, evaluate_all

_MEANT_OTHERWISE = {"outPath", "__toString"}
"""Attributes for which Nix writes another thing than the set as JSON."""

_TRICKY = st.text(st.sampled_from("\"'$\\{}\n\r\t a#/*é\u2028😀"), max_size=12)
_TEXTS = st.one_of(_TRICKY, st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12))
_NAMES = st.one_of(_TEXTS, st.sampled_from(["or", "rec", "a.b", "let", "''", "a'-b_"])).filter(
    lambda name: name not in _MEANT_OTHERWISE
)
_INTEGERS = st.integers(-(2**63), 2**63 - 1)
_DATA = st.recursive(
    st.one_of(st.none(), st.booleans(), _INTEGERS, _TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_NAMES, inner, max_size=3)),
    max_leaves=6,
)
_BATCH = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.large_base_example])


@pytest.mark.parametrize("version", VERSIONS)
@_BATCH
@given(st.lists(_DATA, min_size=20, max_size=40))
def test_data_comes_back(version: str, data: list[Any]) -> None:
    assert evaluate_all([to_nix(value(each)) for each in data], version) == data
    assert evaluate_all([one_line(value(each)) for each in data], version) == data


@pytest.mark.parametrize("version", VERSIONS)
@_BATCH
@given(st.lists(_TEXTS, min_size=20, max_size=40), st.integers(0, 3))
def test_texts_come_back_from_every_form_at_every_depth(version: str, texts: list[str], depth: int) -> None:
    for form in (Text, Block, None):
        written = [to_nix(_nested(form((each,)) if form else prose(each), depth)) for each in texts]
        assert evaluate_all(written, version) == [_wrapped(each, depth) for each in texts]


@pytest.mark.parametrize("version", VERSIONS)
@_BATCH
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=50, max_size=100))
def test_floats_come_back_equal(version: str, numbers: list[float]) -> None:
    # Asked within Nix, as 2.8 shows six digits only.
    given_as_json = [f"builtins.fromJSON {one_line(Text((json.dumps([number]),)))}" for number in numbers]
    questions = [
        f"{given} == [ ({to_nix(value(number))}) ]" for given, number in zip(given_as_json, numbers, strict=True)
    ]
    assert all(evaluate_all(questions, version))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"a": ["b\0"]}, "cannot write a text with NUL in Nix"),
        ({"\ud800": 1}, "cannot write a text with U+D800, half of a surrogate pair in Nix"),
        (2**63, "cannot write `9223372036854775808` in Nix: it is not an integer that fits into 64 bits"),
        (float("inf"), "cannot write `inf` in Nix: it is not a finite number"),
        (float("nan"), "cannot write `nan` in Nix: it is not a finite number"),
    ],
)
def test_what_nix_cannot_hold_is_refused(data: Any, said: str) -> None:
    with pytest.raises(SpecError) as error:
        to_nix(value(data))
    assert error.value.message == said


def test_what_is_not_data_is_our_mistake() -> None:
    with pytest.raises(TypeError):
        value(object())


def _nested(expression: Expression, depth: int) -> Expression:
    for _ in range(depth):
        expression = Set((Binding(("a b",), List((expression,))),))
    return expression


def _wrapped(text: Any, depth: int) -> Any:
    for _ in range(depth):
        text = {"a b": [text]}
    return text
