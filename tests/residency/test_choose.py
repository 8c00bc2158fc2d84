from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


def choose(policy: Policy, costs: Mapping[str, float], up: str = UP) -> tuple[str, ...] | None:
    occupancy = occupied(policy, up)
    victims = choose_victims(NEWCOMER, occupancy, costs)
    assert occupancy.members == tuple(up), "it was only to be looked at"
    return victims


costs = st.dictionaries(st.sampled_from(UP), st.integers(0, 5).map(float))


@given(policies(), costs)
def test_the_victims_are_among_the_candidates_suffice_and_no_proper_subset_does(
    policy: Policy, costs: dict[str, float]
) -> None:
    victims = choose(policy, costs)
    if victims is None:
        assert not suffices(policy, tuple(costs))
    else:
        assert costs.keys() >= set(victims)
        assert suffices(policy, victims)
        assert not any(suffices(policy, fewer) for fewer in proper_subsets(victims))


@given(policies(), costs)
def test_where_memory_alone_decides_nothing_costs_less(policy: Policy, costs: dict[str, float]) -> None:
    policy = replace(policy, families=None)
    victims = choose(policy, costs)
    if victims is not None:
        sets = itertools.chain.from_iterable(itertools.combinations(costs, n) for n in range(len(costs) + 1))
        least = min(sum(costs[m] for m in some) for some in sets if suffices(policy, some))
        assert sum(costs[model] for model in victims) == least


@given(policies(), st.permutations(UP), st.integers(0, len(UP)))
def test_among_equals_nobody_behind_is_touched_while_those_in_front_suffice(
    policy: Policy, order: list[str], front: int
) -> None:
    policy = replace(policy, families=None)
    if suffices(policy, tuple(order[:front])):
        victims = choose(policy, dict.fromkeys(order, 0.0))
        assert victims is not None
        assert set(victims) <= set(order[:front])


@pytest.mark.parametrize(
    ("claims", "costs", "victims"),
    [
        ({"a": 5, "b": 5, "n": 5}, {"a": 0, "b": 0}, ("a",)),
        ({"a": 5, "b": 5, "n": 5}, {"b": 0, "a": 0}, ("b",)),
        ({"a": 5, "b": 5, "n": 5}, {"a": 2, "b": 1}, ("b",)),
        ({"a": 5, "b": 5, "n": 9}, {"b": 0, "a": 0}, ("b", "a")),
        ({"a": 1, "b": 9, "n": 8}, {"a": 0, "b": 9}, ("b",)),
        ({"a": {"y": 9}, "b": 9, "n": 8}, {"a": 0, "b": 9}, ("b",)),
        ({"a": 1, "b": 1, "n": 8}, {"a": 0, "b": 0}, ()),
        ({"a": 5, "b": 5, "n": 9}, {"a": 0}, None),
    ],
    ids=["first", "by order", "by cost", "both", "small", "other device", "there is room", "one may not go"],
)
def test_preference(claims: dict[str, int], costs: dict[str, float], victims: tuple[str, ...] | None) -> None:
    assert choose(make_policy(claims, {"gpu": 10, "y": 10}), costs, "ab") == victims


def test_a_cheap_pair_goes_before_one_that_is_dear() -> None:
    policy = make_policy({"a": 3, "b": 3, "c": 6, "n": 6}, 12)
    assert choose(policy, {"a": 1, "b": 1, "c": 3}, "abc") == ("a", "b")
    assert choose(policy, {"a": 2, "b": 2, "c": 3}, "abc") == ("c",)


def test_the_family_that_is_cheapest_to_reach_is_kept_and_the_order_decides_among_equals() -> None:
    policy = make_policy({"a": 1, "b": 1, "n": 1}, 9, sets=("na", "nb"))
    assert choose(policy, {"a": 0, "b": 0}, "ab") == ("b",)
    assert choose(replace(policy, evict_costs={"b": 2}), {"a": 0, "b": 0}, "ab") == ("a",)


def test_who_is_expelled_goes_although_there_is_room() -> None:
    policy = make_policy({"a": 1, "b": 1, "n": 1}, 9)
    residents = {**policy.residents, "n": replace(policy.residents["n"], expels=frozenset("b"))}
    assert choose(replace(policy, residents=residents), {"a": 0, "b": 0}, "ab") == ("b",)
    assert choose(replace(policy, residents=residents), {"a": 0}, "ab") is None


def test_a_model_of_unknown_size_has_its_devices_to_itself() -> None:
    policy = make_policy({"a": 1, "b": {"y": 1}, "n": 1}, {"gpu": 9, "y": 9})
    residents = {**policy.residents, "a": replace(policy.residents["a"], claims_all=True)}
    assert choose(replace(policy, residents=residents), {"a": 0, "b": 0}, "ab") == ("a",)


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 9)), min_size=20, max_size=60))
def test_many_candidates_are_chosen_among_as_well(sizes_and_costs: list[tuple[int, int]]) -> None:
    """Far more than can be tried out: the choice suffices, and nobody in it could stay."""
    models = {f"m{number}": size for number, (size, _) in enumerate(sizes_and_costs)}
    total = sum(models.values())
    policy = make_policy({**models, NEWCOMER: total // 2}, total)
    occupancy = Occupancy(Ledger(policy), models)
    costs = {f"m{number}": float(cost) for number, (_, cost) in enumerate(sizes_and_costs)}
    victims = choose_victims(NEWCOMER, occupancy, costs)
    assert victims is not None
    freed = sum(models[model] for model in victims)
    assert freed >= total // 2
    assert all(freed - models[model] < total // 2 for model in victims)
