"""Groups, by llama-swap's documented results: who is unloaded when a model is loaded."""

from __future__ import annotations

import pytest

from remuda.spec.fleet import Group
from remuda.spec.groups import expels


def gone(groups: dict[str, Group], model: str, models: str = "abcdxy") -> str:
    return "".join(sorted(expels(groups, models)[model]))


AB = Group(members=("a", "b"))
CD = Group(members=("c", "d"))


@pytest.mark.parametrize(
    ("groups", "model", "expected"),
    [
        ({}, "a", "bcdxy"),
        ({"g": AB}, "a", "bcdxy"),
        ({"g": AB}, "x", "abcdy"),
        ({"g": AB.model_copy(update={"swap": False})}, "a", "cdxy"),
        ({"g": AB.model_copy(update={"exclusive": False})}, "a", "b"),
        ({"g": AB.model_copy(update={"exclusive": False})}, "x", "abcdy"),
        ({"g": AB.model_copy(update={"swap": False, "exclusive": False})}, "a", ""),
        ({"g": AB, "h": CD.model_copy(update={"persistent": True})}, "a", "bxy"),
        ({"g": AB, "h": CD.model_copy(update={"persistent": True})}, "c", "abdxy"),
        ({"g": AB, "h": CD.model_copy(update={"persistent": True})}, "x", "aby"),
    ],
    ids=[
        "without groups all form one",
        "the defaults: one model at a time",
        "from outside",
        "members together",
        "beside others",
        "but not when others come",
        "beside everybody",
        "persistent is left alone",
        "a persistent one may make others go",
        "from outside it is left alone as well",
    ],
)
def test_who_goes(groups: dict[str, Group], model: str, expected: str) -> None:
    assert gone(groups, model) == expected


def test_models_that_are_not_there_are_not_told_of() -> None:
    assert expels({"g": AB}, "a").keys() == {"a"}
