from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remuda.gateway.routes import Candidate, Edits, Failover, Lane, Leaf, Node, Replicas, Spillover, Split, Target, Warm
from tests.gateway.asking import Herd, Request, ready

A, B, C = Leaf.of("a"), Leaf.of("b"), Leaf.of("c")
NUMBERS = random.Random(7)
MANY = [NUMBERS.getrandbits(64) for _ in range(4000)]


def chosen(node: Node, request: Request) -> list[str]:
    return [candidate.model for candidate in node.candidates(request)]


def split(sticky: str | None = None, **weights: int) -> Split:
    return Split(tuple(Target.of(name, Leaf.of(name), weight) for name, weight in weights.items()), sticky)


def replicas(*names: str, affinity: str | None = None) -> Replicas:
    return Replicas(tuple(Target.of(name, Leaf.of(name)) for name in names), affinity)


def led(node: Node, live: Herd | None = None) -> dict[int, str]:
    """Where each of many requests goes that have a number of their own."""
    herd = live or Herd()
    return {number: chosen(node, Request(live=herd, numbers={"prefix": number}))[0] for number in MANY}


edits = st.builds(
    Edits,
    st.lists(st.sampled_from("xyz"), max_size=3, unique=True).map(tuple),
    st.dictionaries(st.sampled_from("xyz"), st.sampled_from([b"1", b"2"])),
)


def applied(change: Edits, members: dict[str, bytes]) -> dict[str, bytes]:
    return {name: value for name, value in members.items() if name not in change.strip} | dict(change.set)


@given(edits, edits, st.dictionaries(st.sampled_from("wxyz"), st.just(b"0")))
def test_edits_after_one_another_are_one(first: Edits, later: Edits, members: dict[str, bytes]) -> None:
    assert applied(first.then(later), members) == applied(later, applied(first, members))


def test_no_edits_are_false() -> None:
    assert [bool(edit) for edit in (Edits(), Edits(("x",)), Edits(set={"x": b"1"}))] == [False, True, True]


def test_a_leaf_answers_the_same_object_every_time() -> None:
    assert A.candidates(Request()) is A.candidates(Request(0.9))


def test_a_lane_edits_what_it_leads_to_and_wins() -> None:
    inner = Leaf.of("a", Edits(("top_p",), {"n": b"1", "t": b"1"}))
    lane = Lane(Failover((inner, B)), Edits(("n",), {"t": b"2"}))
    assert lane.models == ("a", "b")
    assert lane.candidates(Request()) == (
        Candidate("a", Edits(("top_p", "n"), {"t": b"2"})),
        Candidate("b", Edits(("n",), {"t": b"2"})),
    )


def test_a_split_shares_by_weight() -> None:
    counts = Counter(chosen(split(old=90, new=10), Request(step / 1000))[0] for step in range(1000))
    assert counts == {"old": 900, "new": 100}


def test_splits_of_splits_multiply() -> None:
    inner = Target.of("inner", split(a=1, b=1), 1)
    outer = Split((inner, Target.of("c", C, 3)))
    counts = Counter(chosen(outer, Request(step / 1000))[0] for step in range(1000))
    assert counts == {"a": 125, "b": 125, "c": 750}


@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=4),
    st.lists(st.integers(1, 9), min_size=1, max_size=4),
    st.floats(0, 1, exclude_max=True),
)
def test_any_chance_leads_somewhere(outer: list[int], inner: list[int], chance: float) -> None:
    below = Split(tuple(Target.of(f"i{n}", Leaf.of(f"i{n}"), weight) for n, weight in enumerate(inner)))
    above = Split(tuple(Target.of(f"o{n}", below, weight) for n, weight in enumerate(outer)))
    assert chosen(above, Request(chance))[0] in below.models


def test_a_sticky_split_keeps_together_and_shares_by_weight() -> None:
    first = led(split("prefix", a=70, b=20, c=10))
    assert first == led(split("prefix", a=70, b=20, c=10))
    counts = Counter(first.values())
    assert {name: round(count / len(MANY), 1) for name, count in counts.items()} == {"a": 0.7, "b": 0.2, "c": 0.1}


def test_a_sticky_split_below_another_shares_anew() -> None:
    outer = Split((Target.of("inner", split("prefix", a=1, b=1)), Target.of("c", C)), "prefix")
    counts = Counter(led(outer).values())
    assert {name: round(count / len(MANY), 2) for name, count in counts.items()} == pytest.approx(
        {"a": 0.25, "b": 0.25, "c": 0.5}, abs=0.03
    )


def test_what_a_sticky_split_adds_takes_from_the_others_and_moves_nothing_else() -> None:
    before, after = led(split("prefix", a=50, b=50)), led(split("prefix", a=50, b=50, c=10))
    assert {after[number] for number in MANY if after[number] != before[number]} == {"c"}


def test_a_sticky_split_leaves_it_to_chance_where_nothing_tells() -> None:
    assert chosen(split("header:x", a=1, b=1), Request(0.6)) == ["b"]


def test_failover_gives_everything_in_order_and_each_model_once() -> None:
    chain = Failover((B, Failover((A, B)), C))
    assert chosen(chain, Request()) == ["b", "a", "c"]
    assert chain.models == ("b", "a", "c")


@pytest.mark.parametrize(
    ("live", "expected"), [(Herd(), "a"), (ready(b=3, c=0), "b"), (ready(c=0), "c"), (ready(a=9, b=0), "a")]
)
def test_warm_is_the_first_that_is_ready(live: Herd, expected: str) -> None:
    assert chosen(Warm((A, B, C)), Request(live=live)) == [expected]


def test_warm_looks_at_what_a_target_would_choose() -> None:
    warm = Warm((Failover((A, C)), B))
    assert chosen(warm, Request(live=ready(b=0, c=0))) == ["b"]
    assert chosen(warm, Request(live=ready(a=0))) == ["a", "c"]


@pytest.mark.parametrize(
    ("live", "expected"),
    [
        (Herd(), "a"),
        (ready(a=1), "a"),
        (ready(a=2), "b"),
        (ready(a=2, b=1), "b"),
        (ready(a=3, b=2, c=2), "b"),
        (ready(a=2, b=2, c=2), "a"),
    ],
)
def test_spillover_is_the_first_that_is_not_full(live: Herd, expected: str) -> None:
    assert chosen(Spillover((A, B, C), 2), Request(live=live)) == [expected]


@pytest.mark.parametrize(
    ("live", "expected"),
    [
        (Herd(), "a"),
        (Herd({"b": ("starting", 0), "c": ("starting", 0)}), "b"),
        (Herd({"b": ("stopping", 0)}), "a"),
        (ready(b=5), "b"),
        (ready(a=2, b=1, c=1), "b"),
        (Herd({"a": ("starting", 0), "b": ("ready", 7)}), "b"),
    ],
)
def test_replicas_are_the_least_loaded_that_is_ready(live: Herd, expected: str) -> None:
    assert chosen(replicas("a", "b", "c"), Request(live=live)) == [expected]


def test_affine_requests_stay_and_are_shared_out() -> None:
    herd = ready(a=0, b=0, c=0)
    first = led(replicas("a", "b", "c", affinity="prefix"), herd)
    counts = Counter(first.values())
    assert all(count / len(MANY) == pytest.approx(1 / 3, abs=0.03) for count in counts.values())
    without_c = led(replicas("a", "b", "c", affinity="prefix"), ready(a=0, b=0))
    assert {first[number] for number in MANY if first[number] != without_c[number]} == {"c"}


def test_a_replica_that_is_full_passes_on() -> None:
    node = replicas("a", "b", "c", affinity="prefix")
    # 1.25 · (7 + 1) / 3 rounded up is 4: `a` is full, whoever prefers it.
    assert set(led(node, ready(a=4, b=2, c=1)).values()) == {"b", "c"}
    assert set(led(node, ready(a=2, b=2, c=2)).values()) == {"a", "b", "c"}


@given(st.lists(st.integers(0, 50), min_size=2, max_size=6), st.integers(0, 2**64 - 1))
def test_no_affine_replica_takes_more_than_its_bounded_share(loads: list[int], number: int) -> None:
    names = [f"r{index}" for index in range(len(loads))]
    herd = ready(**dict(zip(names, loads, strict=True)))
    node = replicas(*names, affinity="prefix")
    (name,) = chosen(node, Request(live=herd, numbers={"prefix": number}))
    assert herd.load(name) < 1.25 * (sum(loads) + 1) / len(loads) + 1


def test_affine_replicas_take_the_least_loaded_where_nothing_tells() -> None:
    assert chosen(replicas("a", "b", affinity="header:x"), Request(live=ready(a=1, b=0))) == ["b"]


@pytest.mark.parametrize(
    "choice",
    [
        lambda *nodes: Failover(nodes),
        lambda *nodes: Warm(nodes),
        lambda *nodes: Spillover(nodes, 1),
        lambda *nodes: Split(tuple(Target.of(str(n), node) for n, node in enumerate(nodes))),
        lambda *nodes: Replicas(tuple(Target.of(str(n), node) for n, node in enumerate(nodes))),
    ],
)
def test_choices_know_all_their_models(choice: Callable[..., Node]) -> None:
    node = choice(A, choice(B, A))
    assert node.models == ("a", "b")
    assert set(chosen(node, Request())) <= {"a", "b"}
