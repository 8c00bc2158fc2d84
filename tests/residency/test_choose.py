from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remuda.errors import InternalError
from remuda.residency.choose import choose_victims
from remuda.residency.ledger import Ledger, Occupancy
from remuda.residency.policy import Policy, Resident
from tests.residency.playbook import make_policy

NEWCOMER = "n"
UP = "abcdef"


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Seven models on two devices, the newcomer feasible, with and without families."""
    claims = st.dictionaries(st.sampled_from("xy"), st.integers(1, 4))
    families = st.lists(st.frozensets(st.sampled_from(UP + NEWCOMER)), max_size=3).map(tuple)
    residents = {model: Resident(model, draw(claims)) for model in UP + NEWCOMER}
    return Policy(residents, {"x": 6, "y": 6}, draw(st.none() | families))


def occupied(policy: Policy, models: str) -> Occupancy:
    occupancy = Occupancy(Ledger(policy))
    for model in models:
        occupancy.add(model)
    return occupancy


def suffices(policy: Policy, gone: tuple[str, ...]) -> bool:
    """The oracle: whether the newcomer and the rest obey the rules, straight from their definition."""
    rest = [policy.residents[model] for model in UP if model not in gone]
    newcomer = policy.residents[NEWCOMER]
    for device in newcomer.claims:
        if sum(r.claims.get(device, 0) for r in (*rest, newcomer)) > policy.budget[device]:
            return False
    families = policy.families
    if families is None or not _governed(policy, NEWCOMER):
        return True
    together = {NEWCOMER, *(r.model for r in rest if _governed(policy, r.model))}
    return together == {NEWCOMER} or any(together <= family for family in families)


def _governed(policy: Policy, model: str) -> bool:
    return bool(policy.residents[model].claims) or any(model in family for family in policy.families or ())


def proper_subsets(victims: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    return itertools.chain.from_iterable(itertools.combinations(victims, n) for n in range(len(victims)))


@given(policies(), st.permutations(UP))
def test_the_victims_suffice_and_no_proper_subset_does(policy: Policy, order: list[str]) -> None:
    victims = choose_victims(NEWCOMER, occupied(policy, UP), order)
    assert suffices(policy, victims)
    assert not any(suffices(policy, fewer) for fewer in proper_subsets(victims))


@given(policies(), st.permutations(UP), st.integers(0, len(UP)))
def test_nobody_behind_is_touched_while_those_in_front_suffice(policy: Policy, order: list[str], front: int) -> None:
    if suffices(policy, tuple(order[:front])):
        assert set(choose_victims(NEWCOMER, occupied(policy, UP), order)) <= set(order[:front])


@pytest.mark.parametrize(
    ("claims", "order", "victims"),
    [
        ({"a": 5, "b": 5, "n": 5}, "ab", ("a",)),
        ({"a": 5, "b": 5, "n": 5}, "ba", ("b",)),
        ({"a": 5, "b": 5, "n": 9}, "ba", ("b", "a")),
        ({"a": 1, "b": 9, "n": 8}, "ab", ("b",)),
        ({"a": {"y": 9}, "b": 9, "n": 8}, "ab", ("b",)),
        ({"a": 1, "b": 1, "n": 8}, "ab", ()),
    ],
    ids=["first", "by order", "both", "small one does not help", "other device does not help", "there is room"],
)
def test_preference(claims: dict[str, int], order: str, victims: tuple[str, ...]) -> None:
    policy = make_policy(claims, {"gpu": 10, "y": 10})
    assert choose_victims("n", occupied(policy, "ab"), order) == victims


def test_too_few_candidates_are_the_callers_mistake() -> None:
    policy = make_policy({"a": 5, "b": 5, "n": 9}, 10)
    with pytest.raises(InternalError, match="cannot make room for `n`"):
        choose_victims("n", occupied(policy, "ab"), "a")


def test_the_occupancy_is_only_looked_at() -> None:
    occupancy = occupied(make_policy({"a": 5, "n": 9}, 10), "a")
    choose_victims("n", occupancy, "a")
    assert occupancy.members == ("a",)
