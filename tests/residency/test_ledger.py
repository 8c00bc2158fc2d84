from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remuda.residency.ledger import Ledger, Need, Occupancy
from remuda.residency.policy import Policy, Resident
from tests.residency.playbook import make_policy


def occupied(ledger: Ledger, models: str) -> Occupancy:
    occupancy = Occupancy(ledger)
    for model in models:
        occupancy.add(model)
    return occupancy


MEMORY = Ledger(
    make_policy(
        {"a": {"x": 6}, "b": {"x": 4, "y": 4}, "c": {"y": 6}, "d": {"y": 7}, "e": {}, "f": {"x": 11}},
        {"x": 10, "y": 10},
    )
)


@pytest.mark.parametrize(
    ("up", "newcomer", "fits"),
    [
        ("", "a", True),
        ("a", "b", True),
        ("ab", "c", True),
        ("ab", "d", False),
        ("cd", "b", False),
        ("cd", "a", True),
        ("abcd", "e", True),
        ("", "f", False),
    ],
)
def test_every_device_has_to_have_room(up: str, newcomer: str, *, fits: bool) -> None:
    assert occupied(MEMORY, up).fits(newcomer) is fits


SETS = Ledger(make_policy({"a": 1, "b": 1, "c": 1, "d": 1, "e": {}, "f": {}}, 10, sets=("ab", "bcf")))


@pytest.mark.parametrize(
    ("up", "newcomer", "fits"),
    [
        ("", "a", True),
        ("a", "b", True),
        ("b", "c", True),
        ("ab", "c", False),
        ("", "d", True),
        ("a", "d", False),
        ("d", "a", False),
        ("abd", "e", True),
        ("de", "f", False),
        ("bc", "f", True),
        ("f", "a", False),
    ],
)
def test_families_bind_what_they_name_and_what_claims_memory(up: str, newcomer: str, *, fits: bool) -> None:
    assert occupied(SETS, up).fits(newcomer) is fits


def test_excess_names_the_devices_that_can_never_hold_the_model() -> None:
    assert MEMORY.excess("f") == {"x": 1}
    assert MEMORY.excess("b") == {}


@pytest.mark.parametrize(
    ("ledger", "pair", "share", "compete"),
    [
        (MEMORY, "ab", True, True),
        (MEMORY, "ac", False, False),
        (MEMORY, "ae", False, False),
        (SETS, "af", False, True),
        (SETS, "ae", False, False),
    ],
)
def test_who_can_be_in_whose_way(ledger: Ledger, pair: str, *, share: bool, compete: bool) -> None:
    assert ledger.share_device(*pair) is share
    assert ledger.compete(*pair) is compete


@given(st.permutations("abcde"), st.sets(st.sampled_from("abcde")))
def test_leaving_undoes_coming(order: list[str], gone: set[str]) -> None:
    all_up = occupied(MEMORY, "".join(order))
    rest = all_up.without(*gone, "f")
    assert rest.members == tuple(model for model in order if model not in gone)
    assert all_up.members == tuple(order)
    for model in rest.members:
        rest.remove(model)
    assert all(rest.fits(model) for model in "abcde")


def sleepy() -> Ledger:
    sleeper = Resident("s", {"x": 6}, asleep_claims={"x": 1, "cpu": 6}, expels=frozenset("t"))
    others = {"t": Resident("t", {"x": 9}), "u": Resident("u", {"x": 10}, claims_all=True, expels=frozenset("s"))}
    return Ledger(Policy({"s": sleeper, **others}, {"x": 10, "cpu": 6}, (frozenset("s"), frozenset("t"))))


def test_who_changes_takes_what_it_takes_before_and_after() -> None:
    ledger = sleepy()
    ledger.charge("s")
    assert ledger.need("s").claims == {"x": 6}
    ledger.charge_change("s")
    assert ledger.need("s").claims == {"x": 6, "cpu": 6}
    ledger.charge_asleep("s", {"x": 2})
    assert ledger.need("s").claims == {"x": 2, "cpu": 6}
    assert ledger.next_need("s").claims == {"x": 6, "cpu": 6}
    ledger.charge("s")
    assert ledger.need("s").claims == {"x": 6}


def test_asleep_only_bytes_and_devices_of_ones_own_are_in_the_way() -> None:
    ledger = sleepy()
    ledger.charge("s")
    assert not occupied(ledger, "s").fits("t")  # bytes, and families
    ledger.charge_asleep("s", {})
    assert occupied(ledger, "s").fits("t")
    assert occupied(ledger, "s").excluding("u") == ["s"]  # it has its device to itself
    assert not occupied(ledger, "u").has_room_for(Need({"x": 0}))
    assert ledger.share_device("s", "t")
