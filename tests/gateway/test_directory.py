from __future__ import annotations

from typing import Any

import pytest

from remuda.errors import InternalError
from remuda.gateway import routes
from remuda.gateway.directory import Directory, Listing, edits_of, make_directory
from remuda.gateway.routes import Edits, Leaf
from remuda.spec.fleet import Fleet
from tests.gateway.asking import Herd, Request, ready

MODELS = (
    Listing("old", "Old", "vllm", ("o",), 7),
    Listing("new", "New", "llama-cpp", edits=Edits(("top_p",))),
    Listing("third", "Third", "x", is_unlisted=True),
)


def directory(named: dict[str, Any] | None = None) -> Directory:
    return make_directory(MODELS, Fleet.model_validate({"models": {}, "routes": named or {}}).routes)


def everything(_: str) -> bool:
    return True


def chosen(made: Directory, name: str, request: Request | None = None) -> list[str]:
    node = made.find(name)
    assert node is not None
    return [candidate.model for candidate in node.candidates(request or Request())]


def test_models_aliases_and_plain_routes_lead_to_the_same_leaf() -> None:
    made = directory({"chain": "lane", "lane": "o", "bare": {"model": "old"}})
    leaf = made.find("old")
    assert isinstance(leaf, Leaf)
    assert all(made.find(name) is leaf for name in ("o", "lane", "chain"))
    assert made.find("bare") == leaf
    assert made.find("nobody") is None


@pytest.mark.parametrize(
    ("route", "kind", "live", "expected"),
    [
        ({"split": {"old": 1, "new": 1}}, routes.Split, Herd(), ["old"]),
        ({"failover": ["new", "old"]}, routes.Failover, Herd(), ["new", "old"]),
        ({"warm": ["new", "o"]}, routes.Warm, ready(old=0), ["old"]),
        ({"spillover": ["new", "old"], "at": 2}, routes.Spillover, ready(new=2), ["old"]),
        ({"replicas": ["new", "old"]}, routes.Replicas, ready(new=2, old=1), ["old"]),
        ({"model": "pair", "set_params": {"n": 1}}, routes.Lane, Herd(), ["old", "third"]),
    ],
)
def test_every_form_has_its_node(route: Any, kind: type, live: Herd, expected: list[str]) -> None:
    made = directory({"r": route, "pair": {"failover": ["old", "third"]}})
    assert type(made.find("r")) is kind
    assert chosen(made, "r", Request(live=live)) == expected


def test_choices_stand_inside_one_another() -> None:
    made = directory({"outer": {"failover": ["inner", "lane"]}, "inner": {"warm": ["new", "o"]}, "lane": "third"})
    assert chosen(made, "outer", Request(live=ready(old=0))) == ["old", "third"]


def test_a_choice_keeps_its_options() -> None:
    named = {
        "s": {"split": {"old": 1, "new": 9}, "sticky": "prefix"},
        "r": {"replicas": ["o", "new"], "affinity": "header:X"},
    }
    split, replicas = directory(named).find("s"), directory(named).find("r")
    assert isinstance(split, routes.Split)
    assert isinstance(replicas, routes.Replicas)
    assert (split.sticky, [target.weight for target in split.targets]) == ("prefix", [1, 9])
    assert replicas.affinity == "header:x"


def test_edits_of_a_lane_come_over_those_of_the_model() -> None:
    made = directory(
        {
            "cool": {"model": "new", "set_params": {"top_p": 0.5, "stop": ["x"]}},
            "cooler": {"model": "cool", "strip_params": ["stop"]},
        }
    )
    (candidate,) = made.nodes["cooler"].candidates(Request())
    assert candidate.edits == Edits(("top_p", "stop"), {"top_p": b"0.5"})
    assert made.nodes["new"].candidates(Request())[0].edits == Edits(("top_p",))


def test_settings_become_json() -> None:
    assert edits_of(["a"], {"b": [1, None, {"c": "ü"}]}) == Edits(("a",), {"b": '[1,null,{"c":"ü"}]'.encode()})


def test_what_is_not_there_is_left_out() -> None:
    named = {
        "r": {"split": {"old": 1, "disabled": 99}},
        "chain": {"failover": ["disabled", "gone", "new", "old"]},
        "gone": "disabled",
        "zero": {"split": {"old": 0}},
        "lane": {"model": "gone", "set_params": {"n": 1}},
    }
    made = directory(named)
    assert made.find("r") is made.find("old")
    assert chosen(made, "chain") == ["new", "old"]
    assert [made.find(name) for name in ("gone", "zero", "lane")] == [None, None, None]


def test_a_chain_may_be_as_long_as_the_file() -> None:
    made = directory({**{f"r{n}": f"r{n + 1}" for n in range(3000)}, "r3000": "old"})
    assert made.find("r0") is made.find("old")


def test_a_cycle_is_our_own_bug_because_the_fleet_was_checked() -> None:
    with pytest.raises(InternalError, match=r"the routes form a circle: . → . → ."):
        directory({"a": "b", "b": {"split": {"a": 1}}})


def test_the_list_holds_every_name_that_may_be_told_in_a_fixed_order() -> None:
    made = directory({"lane": "o", "general": {"warm": ["new", "third"]}})
    listing = made.listing(everything, ready(third=0))
    assert [(one["id"], one["remuda"]["kind"], one["remuda"]["status"]) for one in listing["data"]] == [
        ("general", "route", "ready"),
        ("lane", "route", "stopped"),
        ("new", "model", "stopped"),
        ("o", "alias", "stopped"),
        ("old", "model", "stopped"),
    ]
    assert [one["id"] for one in made.listing(lambda name: name == "new", Herd())["data"]] == ["new"]


def test_what_is_not_listed_can_be_asked_for() -> None:
    made = directory()
    assert chosen(made, "third") == ["third"]
    entry = made.entry("third", Herd())
    assert entry is not None
    assert entry["display_name"] == "Third"
    assert made.entry("nobody", Herd()) is None


def test_the_nearest_name_is_one_that_may_be_told() -> None:
    made = directory()
    assert made.nearest("olt", everything) == "old"
    assert made.nearest("nev", lambda name: name != "new") is None
    assert made.nearest("thurd", everything) is None
    assert made.nearest("new" * 1000, everything) is None
