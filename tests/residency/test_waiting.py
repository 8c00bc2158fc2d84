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
