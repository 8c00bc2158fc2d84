import re
from typing import Any

import pytest

from remuda.render.llama_swap.matrix import by_device, may_meet, router
from remuda.spec.fleet import Group, Residency
from remuda.spec.sets import families

DEVICES = {"a": ("cuda0",), "b": ("cuda0",), "c": ("cuda1",), "d": ("cuda0", "cuda1"), "e": ("cuda:all",)}


def meaning(found: dict[str, Any] | None) -> set[frozenset[str]]:
    """The families of a matrix, in the names of the models."""
    assert found is not None
    matrix = found["settings"]["matrix"]
    assert all(re.fullmatch("[a-zA-Z0-9]{1,8}", short) for short in matrix["vars"])
    return {frozenset(matrix["vars"][short] for short in family) for family in families(matrix["sets"])}


@pytest.mark.parametrize(
    "sets",
    [
        {"x": "(a | b) & c"},
        {"x": "a & (b | c & d)", "y": "+x | e"},
        {"x": "gone & a | gone", "y": "(gone | b) & c"},
        {"x:1": "a & b", "y": "+x:1 & (c | gone)"},
        {"x": "gone", "y": "+x & a | +x"},
    ],
)
def test_sets_mean_the_same_for_the_models_that_are_there(sets: dict[str, str]) -> None:
    expected = {frozenset(family & DEVICES.keys()) for family in families(sets)}
    found = meaning(router(Residency(sets=sets), DEVICES))
    assert all(any(family <= other for other in found) for family in expected)
    assert all(any(family <= other for other in expected) for family in found)


def test_without_sets_each_device_has_one_model() -> None:
    assert meaning(router(Residency(), DEVICES)) == {frozenset("ac"), frozenset("bc")}
    assert by_device({"a": ("cuda0",), "b": ("cuda0",)}) == {}
    assert router(Residency(), {"a": ("cuda0",), "b": ("cuda0",)}) is None


def test_groups_keep_their_flags_and_the_members_that_are_there() -> None:
    residency = Residency(groups={"x": Group(members=("a", "gone"), persistent=True), "y": Group(members=("gone",))})
    assert router(residency, DEVICES) == {
        "use": "group",
        "settings": {"groups": {"x": {"swap": True, "exclusive": True, "persistent": True, "members": ["a"]}}},
    }


def test_costs_are_of_the_short_names() -> None:
    found = router(Residency(sets={"x": "b & a"}, evict_costs={"a": 5, "gone": 7}), DEVICES)
    assert found is not None
    matrix = found["settings"]["matrix"]
    assert {matrix["vars"][short]: cost for short, cost in matrix["evict_costs"].items()} == {"a": 5}


@pytest.mark.parametrize(
    ("residency", "models", "may"),
    [
        (Residency(), "ac", True),
        (Residency(), "ab", False),
        (Residency(sets={"x": "a & b"}), "ab", True),
        (Residency(sets={"x": "a & b"}), "ac", False),
        (Residency(groups={"x": Group(members=("a", "b"), swap=False)}), "ab", True),
        (Residency(groups={"x": Group(members=("a", "b"))}), "ab", False),
    ],
)
def test_who_may_meet(residency: Residency, models: str, may: bool) -> None:  # noqa: FBT001 (a parameter of the table)
    assert may_meet(residency, DEVICES, frozenset(models)) == may
