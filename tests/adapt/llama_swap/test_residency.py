"""Co-residency: what the fleet allows is what llama-swap's own rules, written down here again, would."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remuda.spec.fleet import Group
from remuda.spec.groups import expels
from remuda.spec.sets import families
from tests.adapt.llama_swap.golden import adapted, said

MODELS = ("a", "b", "c", "d")
CONFIG = "models:\n" + "".join(f"  {name}: {{cmd: 'x ${{PORT}}'}}\n" for name in MODELS)


def residency(more: str) -> dict[str, Any]:
    found = adapted(CONFIG + more)
    assert not found.is_refused, said(found)
    return dict(found.data["residency"])


def stopped_by(groups: dict[str, dict[str, Any]], model: str) -> set[str]:
    """Who is stopped when a model is loaded: internal/router/group.go."""
    every = {
        **groups,
        "(default)": {"members": [m for m in MODELS if not any(m in g["members"] for g in groups.values())]},
    }
    flags = {"swap": True, "exclusive": True, "persistent": False}
    own = next(name for name, group in every.items() if model in group["members"])
    gone: set[str] = set()
    for name, group in every.items():
        settings = {**flags, **group}
        if name == own and settings["swap"]:
            gone |= set(group["members"]) - {model}
        if name != own and {**flags, **every[own]}["exclusive"] and not settings["persistent"]:
            gone |= set(group["members"])
    return gone


FLAGS = st.fixed_dictionaries({}, optional={key: st.booleans() for key in ("swap", "exclusive", "persistent")})


@given(FLAGS, FLAGS, st.integers(1, 2))
def test_groups_stop_the_same_models(first: dict[str, bool], second: dict[str, bool], size: int) -> None:
    groups = {"x": {**first, "members": list(MODELS[:size])}, "y": {**second, "members": ["c"]}}
    spelled = str(groups).replace("True", "true").replace("False", "false")
    found = {name: Group(**group) for name, group in residency(f"groups: {spelled}")["groups"].items()}
    made = expels(found, MODELS)
    assert {model: set(made[model]) for model in MODELS} == {model: stopped_by(groups, model) for model in MODELS}


def test_without_a_word_one_model_is_up_at_a_time() -> None:
    found = {name: Group(**group) for name, group in residency("")["groups"].items()}
    assert expels(found, MODELS) == {model: frozenset(MODELS) - {model} for model in MODELS}


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        ("sets: {s: a & b}", ["ab"]),
        ("sets: {s: a | b & c}", ["a", "bc"]),
        ("sets: {s: (a | b) & (c | d)}", ["ac", "ad", "bc", "bd"]),
        ("vars: {x: a, b: c}, sets: {s: x & b}", ["ac"]),
        ("sets: {one: a | b, two: +one & c}", ["ac", "bc", "a", "b"]),
        ("sets: {two: +one & c, one: a | b}", ["ac", "bc", "a", "b"]),
        ("sets: {'_1': a, two: '+_1&b'}", ["ab", "a"]),
    ],
)
def test_a_matrix_allows_the_same_sets(matrix: str, expected: list[str]) -> None:
    found = families(residency(f"matrix: {{{matrix}}}")["sets"])
    allowed = {
        subset for family in found for size in (1, 2, 3) for subset in itertools.combinations(sorted(family), size)
    }
    wanted = {
        subset for text in expected for size in (1, 2, 3) for subset in itertools.combinations(sorted(text), size)
    }
    assert allowed == wanted


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("groups: {g: {members: [a]}}\nmatrix: {sets: {s: a}}", "`groups` and `matrix` exclude each other"),
        ("groups: {g: {members: [a]}}\nrouting: {router: {use: group}}", "`routing.router` stands beside"),
        ("routing: {router: {use: matrix}}", "has no set"),
        ("matrix: {sets: {s: 'a &'}}", "needs a model ID"),
        ("matrix: {sets: {s: a, t: +t}}", "includes itself"),
        ("matrix: {evict_costs: {a: 0}, sets: {s: a}}", "must be more than 0"),
        ("groups: {g: {members: [a, b]}, h: {members: [a]}}", "is in the group `g` already"),
    ],
)
def test_what_llama_swap_refuses_is_refused(more: str, message: str) -> None:
    found = adapted(CONFIG + more)
    assert found.is_refused
    assert message in said(found)
