from __future__ import annotations

from remuda.residency.waiting import Waiting


def test_models_stand_where_their_oldest_request_stands() -> None:
    waiting = Waiting()
    for request, model in enumerate("abacb"):
        waiting.add(request, model)
    assert waiting.models() == ["a", "b", "c"]
    waiting.withdraw(0)
    assert waiting.models() == ["b", "a", "c"]


def test_requests_of_a_model_are_taken_together_oldest_first() -> None:
    waiting = Waiting()
    for request, model in ((7, "a"), (3, "b"), (5, "a")):
        waiting.add(request, model)
    assert waiting.take("a") == (7, 5)
    assert waiting.take("a") == ()
    assert 7 not in waiting
    assert 3 in waiting
    assert waiting.models() == ["b"]


def test_nothing_is_left_of_those_who_went() -> None:
    waiting = Waiting()
    waiting.add(1, "a")
    assert waiting
    assert waiting.count("a") == 1
    waiting.withdraw(1)
    assert not waiting
    assert waiting.count("a") == 0
    assert waiting.models() == []


def test_a_higher_priority_goes_first_and_lifts_its_model() -> None:
    waiting = Waiting()
    for request, (model, priority) in enumerate([("a", 0), ("b", 0), ("c", 5), ("b", 5), ("a", -1)]):
        waiting.add(request, model, priority)
    assert waiting.models() == ["c", "b", "a"]
    assert waiting.count("b") == 2
    waiting.withdraw(3)
    assert waiting.models() == ["c", "a", "b"]
    assert waiting.take("a") == (0, 4)


def test_requests_of_a_model_are_taken_the_best_first() -> None:
    waiting = Waiting()
    for request, priority in enumerate([0, 3, 1, 3]):
        waiting.add(request, "a", priority)
    assert waiting.take("a") == (1, 3, 2, 0)
    assert not waiting
