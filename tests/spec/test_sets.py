from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remuda.spec import sets
from remuda.spec.form import FormError
from remuda.spec.sets import CycleError, Either, Expansion, Include, Member, Together, families, leaves, parse


def as_texts(found: tuple[frozenset[str], ...]) -> list[str]:
    return [" ".join(sorted(family)) for family in found]


def test_together_binds_closer_than_either() -> None:
    assert parse("a | b & c") == Either((Member("a", 0), Together((Member("b", 4), Member("c", 8)))))


def test_parentheses_includes_and_whitespace() -> None:
    assert parse(" ( a|+rest )\n&qwen3.6:27b/x ") == Together(
        (Either((Member("a", 3), Include("rest", 5))), Member("qwen3.6:27b/x", 14))
    )


def test_leaves_come_in_the_order_of_the_text() -> None:
    assert [leaf.name for leaf in leaves(parse("(a | b) & +c"))] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("text", "offset", "message"),
    [
        ("", 0, "needs a model ID, `+set` or `(` at the end"),
        ("a &", 3, "needs a model ID, `+set` or `(` at the end"),
        ("a b", 2, "has `b` at character 3: expected `&` or `|` between two models"),
        ("(a | b", 0, "has a `(` at character 1 without its `)`"),
        ("a)", 1, "has `)` at character 2: expected `&`, `|` or the end"),
        ("a & | b", 4, "needs a model ID, `+set` or `(` at character 5, not `|`"),
        ("a, b", 1, "has `,` at character 2: expected a model ID"),
        ("+ a", 0, "has `+` at character 1"),
        ("()", 1, "needs a model ID"),
        ("(" * 40 + "a" + ")" * 40, 32, "needs a model ID"),
    ],
)
def test_what_is_no_expression(text: str, offset: int, message: str) -> None:
    with pytest.raises(FormError) as caught:
        parse(text)
    assert caught.value.offset == offset
    assert caught.value.message.startswith(message)


@pytest.mark.parametrize(
    ("expressions", "expected"),
    [
        ({}, []),
        ({"s": "a"}, ["a"]),
        ({"s": "(a | b) & c"}, ["a c", "b c"]),
        ({"s": "a & b", "t": "a"}, ["a b"]),
        ({"s": "a & a"}, ["a"]),
        ({"s": "a | a & b | c"}, ["a", "a b", "c"]),
        ({"s": "a & b | a | c"}, ["a b", "c"]),
        ({"second": "x | y", "pairs": "(a | b) & +second"}, ["x", "y", "a x", "a y", "b x", "b y"]),
        ({"pairs": "(a | b) & +second", "second": "x | y"}, ["a x", "a y", "b x", "b y"]),
        ({"s": "(go | g4 | q36) & (q4 | q9)"}, ["go q4", "go q9", "g4 q4", "g4 q9", "q36 q4", "q36 q9"]),
    ],
)
def test_families(expressions: dict[str, str], expected: list[str]) -> None:
    assert as_texts(families(expressions)) == expected


@pytest.mark.parametrize("expressions", [{"a": "x & +a"}, {"a": "+b", "b": "x | +c", "c": "+a"}])
def test_a_set_that_includes_itself(expressions: dict[str, str]) -> None:
    with pytest.raises(CycleError, match="includes itself: a → ") as caught:
        families(expressions)
    assert set(caught.value.names) == set(expressions)


def test_an_unknown_set() -> None:
    with pytest.raises(FormError, match="includes the unknown set `b`"):
        families({"a": "+b"})


def test_too_many_combinations_are_refused_at_once() -> None:
    either = "(" + " | ".join(f"m{n}" for n in range(20)) + ")"
    with pytest.raises(FormError, match="allows more than 4096 combinations"):
        families({"s": " & ".join([either] * 12)})


def test_a_set_included_often_is_expanded_once() -> None:
    chain = {"s0": "a"} | {f"s{n}": f"+s{n - 1} & +s{n - 1}" for n in range(1, 200)}
    assert as_texts(families(chain)) == ["a"]


def test_as_many_as_are_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sets, "MAX_COMBINATIONS", 4)
    assert len(families({"s": "(a | b) & (c | d)"})) == 4
    with pytest.raises(FormError):
        families({"s": "(a | b) & (c | d)", "t": "e"})


def expressions(depth: int) -> st.SearchStrategy[str]:
    leaf = st.sampled_from(["a", "b", "c", "d"])
    if depth == 0:
        return leaf
    inner = expressions(depth - 1)
    operator = st.sampled_from([" & ", " | "])
    return leaf | st.builds(
        lambda op, parts: "(" + op.join(parts) + ")", operator, st.lists(inner, min_size=1, max_size=3)
    )


def allows(expression: sets.Expression) -> set[frozenset[str]]:
    """The oracle: all combinations by plain recursion."""
    if isinstance(expression, Member):
        return {frozenset((expression.name,))}
    assert isinstance(expression, Either | Together)
    inner = [allows(operand) for operand in expression.operands]
    if isinstance(expression, Either):
        return set().union(*inner)
    return {frozenset().union(*choice) for choice in itertools.product(*inner)}


@given(expressions(3))
def test_families_are_the_combinations_that_are_in_no_earlier_one(text: str) -> None:
    every = allows(parse(text))
    found = families({"s": text})
    assert {one for one in every if not any(one < other for other in every)} <= set(found) <= every
    assert not any(one <= earlier for at, one in enumerate(found) for earlier in found[:at])
    assert set(Expansion({"s": parse(text)}).of_set("s")) == every


@given(st.text("ab &|()+.", max_size=16))
def test_any_text_is_an_expression_or_an_error(text: str) -> None:
    offset = 0
    try:
        parse(text)
    except FormError as error:
        offset = error.offset
    assert 0 <= offset <= len(text)


def test_sets_are_not_included_one_in_another_without_end() -> None:
    chain = {f"s{number}": f"+s{number + 1}" for number in range(5000)}
    with pytest.raises(FormError, match="includes more than 32 sets one in another"):
        families({**chain, "s5000": "a"})
