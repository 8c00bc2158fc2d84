from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remuda.errors import InternalError
from remuda.gateway.directory import Directory, Lead, Listing, make_directory

MODELS = (Listing("old", "Old", "vllm", ("o",), 7), Listing("new", "New", "llama-cpp"), Listing("third", "Third", "x"))


def everything(_: str) -> bool:
    return True


def lead(directory: Directory, name: str) -> Lead:
    found = directory.find(name)
    assert found is not None
    return found


@pytest.mark.parametrize("chance", [0.0, 0.5, 0.999999])
def test_models_aliases_and_lanes_lead_to_one_model_whatever_the_chance(chance: float) -> None:
    directory = make_directory(MODELS, {"lane": "o", "chain": "lane"})
    for name in ("old", "o", "lane", "chain"):
        assert lead(directory, name).choose(chance) == "old"
    assert directory.find("nobody") is None


def test_a_split_shares_by_weight() -> None:
    split = lead(make_directory(MODELS, {"general": {"old": 90, "new": 10}}), "general")
    counts = Counter(split.choose(step / 1000) for step in range(1000))
    assert counts == {"old": 900, "new": 100}


def test_splits_of_splits_multiply() -> None:
    directory = make_directory(MODELS, {"inner": {"old": 1, "new": 1}, "outer": {"inner": 1, "third": 3, "o": 0}})
    counts = Counter(lead(directory, "outer").choose(step / 1000) for step in range(1000))
    assert counts == {"old": 125, "new": 125, "third": 750}


@given(
    st.dictionaries(st.sampled_from(["old", "new", "third"]), st.integers(0, 10), min_size=1).filter(
        lambda weights: any(weights.values())
    ),
    st.floats(0, 1, exclude_max=True),
)
def test_a_choice_is_always_a_target_with_a_share(weights: dict[str, float], chance: float) -> None:
    chosen = lead(make_directory(MODELS, {"r": weights}), "r").choose(chance)
    assert weights[chosen] > 0


def test_what_is_not_there_takes_no_share() -> None:
    directory = make_directory(MODELS, {"r": {"old": 1, "disabled": 99}, "nowhere": "disabled", "zero": {"old": 0}})
    assert lead(directory, "r").models == ("old",)
    assert directory.find("nowhere") is None
    assert directory.find("zero") is None


def test_a_cycle_is_our_own_bug_because_the_fleet_was_checked() -> None:
    with pytest.raises(InternalError, match="leads back to itself"):
        make_directory(MODELS, {"a": "b", "b": {"a": 1}})


def test_the_list_says_what_each_name_is_in_a_fixed_order() -> None:
    listing = make_directory(MODELS, {"lane": "o", "general": {"new": 1, "old": 1}}).listing(everything)
    assert listing["object"] == "list"
    assert [(entry["id"], entry["remuda"]) for entry in listing["data"]] == [
        ("general", {"kind": "route", "models": ("new", "old")}),
        ("lane", {"kind": "route", "models": ("old",)}),
        ("new", {"kind": "model", "name": "New", "engine": "llama-cpp", "aliases": []}),
        ("o", {"kind": "alias", "models": ("old",)}),
        ("old", {"kind": "model", "name": "Old", "engine": "vllm", "aliases": ["o"]}),
        ("third", {"kind": "model", "name": "Third", "engine": "x", "aliases": []}),
    ]
    old = listing["data"][4]
    assert (old["object"], old["created"], old["owned_by"]) == ("model", 7, "remuda")
    assert (
        make_directory(reversed(MODELS), {"general": {"old": 1, "new": 1}, "lane": "o"}).listing(everything) == listing
    )


def test_the_list_holds_what_is_allowed() -> None:
    listing = make_directory(MODELS).listing(lambda name: name == "new")
    assert [entry["id"] for entry in listing["data"]] == ["new"]


def test_the_nearest_name_is_one_that_is_allowed() -> None:
    directory = make_directory(MODELS)
    assert directory.nearest("thurd", everything) == "third"
    assert directory.nearest("thurd", lambda name: name != "third") is None
    assert directory.nearest("thurd" * 1000, everything) is None
