from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from remuda.residency.waiting import Waiting


def in_turn(waiting: Waiting, now: float = 0.0, max_wait_s: float = 60.0, **load_s: float) -> str:
    return "".join(waiting.in_turn(now, max_wait_s, lambda model: load_s.get(model, 0.0)))


def queue(models: str) -> Waiting:
    waiting = Waiting()
    for request, model in enumerate(models):
        waiting.add(request, model)
    return waiting


def test_models_stand_where_their_oldest_request_stands() -> None:
    waiting = queue("abacb")
    assert in_turn(waiting) == "abc"
    waiting.withdraw(0)
    assert in_turn(waiting) == "bac"


def test_requests_of_a_model_are_taken_together_oldest_first() -> None:
    waiting = Waiting()
    for request, model in ((7, "a"), (3, "b"), (5, "a")):
        waiting.add(request, model)
    assert waiting.take("a") == ((7, 0), (5, 0))
    assert waiting.take("a") == ()
    assert 7 not in waiting
    assert 3 in waiting
    assert waiting.models() == ["b"]


def test_nothing_is_left_of_those_who_went() -> None:
    waiting = queue("a")
    assert waiting
    assert waiting.count("a") == 1
    waiting.withdraw(0)
    assert not waiting
    assert waiting.count("a") == 0
    assert waiting.models() == []


def test_a_higher_priority_goes_first_and_lifts_its_model() -> None:
    waiting = Waiting()
    for request, (model, priority) in enumerate([("a", 0), ("b", 0), ("c", 5), ("b", 5), ("a", -1)]):
        waiting.add(request, model, priority)
    assert in_turn(waiting) == "cba"
    assert (waiting.count("b"), waiting.priority("b")) == (2, 5)
    waiting.withdraw(3)
    assert in_turn(waiting) == "cab"
    assert waiting.take("a") == ((0, 0), (4, -1))


def test_requests_of_a_model_are_taken_the_best_first() -> None:
    waiting = Waiting()
    for request, priority in enumerate([0, 3, 1, 3]):
        waiting.add(request, "a", priority)
    assert waiting.take("a") == ((1, 3), (3, 3), (2, 1), (0, 0))
    assert not waiting


def test_who_has_waited_for_too_long_goes_before_any_priority() -> None:
    waiting = Waiting()
    for request, (model, priority) in enumerate([("a", 0), ("b", 0), ("c", 9)]):
        waiting.add(request, model, priority, at=10.0 * request)
    assert in_turn(waiting, now=59.9) == "cab"
    assert in_turn(waiting, now=60.0) == "acb"
    assert in_turn(waiting, now=70.0) == "abc"


def test_a_slow_load_lets_others_pass_that_come_little_later() -> None:
    waiting = Waiting()
    for request, (model, at) in enumerate([("s", 0.0), ("q", 9.0), ("l", 11.0)]):
        waiting.add(request, model, at=at)
    assert in_turn(waiting, now=20.0, s=10.0) == "qsl"


def test_a_load_for_many_lets_fewer_pass() -> None:
    waiting = Waiting()
    waiting.add(1, "s", at=0.0)
    waiting.add(2, "q", at=6.0)
    assert in_turn(waiting, now=7.0, s=10.0) == "qs"
    waiting.add(3, "s", at=7.0)
    assert in_turn(waiting, now=7.0, s=10.0) == "sq"


def test_the_waiting_of_all_is_summed() -> None:
    waiting = Waiting()
    waiting.add(1, "a", at=1.0)
    waiting.add(2, "a", at=3.0)
    assert waiting.waited_s("a", 10.0) == 16.0
    waiting.withdraw(1)
    assert waiting.waited_s("a", 10.0) == 7.0
    assert waiting.since("a") == 3.0


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3), st.floats(0, 9)), max_size=12), st.floats(0, 20))
def test_the_turn_does_not_depend_on_more_than_it_says(asked: list[tuple[str, int, float]], now: float) -> None:
    """Withdrawing and asking anew for other models in between leaves the turn of the rest as it was."""
    plain, stirred = Waiting(), Waiting()
    for request, (model, priority, at) in enumerate(sorted(asked, key=lambda each: each[2])):
        plain.add(request, model, priority, at)
        stirred.add(request, model, priority, at)
        stirred.add(-1, "z", 9, at)
        stirred.withdraw(-1)
    assert in_turn(plain, now, 5.0, a=4.0, b=1.0) == in_turn(stirred, now, 5.0, a=4.0, b=1.0)
