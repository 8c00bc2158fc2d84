import pytest

from remuda.plan.check import load_fleet
from remuda.render.contract import Request
from remuda.render.llama_swap.routes import Routes, routes

MODELS = """\
models:
  a: {cmd: "a ${PORT}", aliases: [aa], strip_params: [top_p]}
  b: {cmd: "b ${PORT}"}
  far: {url: "http://x"}
"""


def made(text: str, *, may_meet: bool = True) -> Routes:
    fleet, _, _ = load_fleet(f"{MODELS}routes: {{{text}}}\nlint: {{model_ids: off}}", "remuda.yaml")
    models = {model.model_id: model for model in Request(fleet).models()}
    return routes(fleet, models, lambda _: may_meet)


def test_lanes_are_aliases_at_the_end_of_their_chain_and_the_outer_one_wins() -> None:
    inner = "x: {model: aa, set_params: {t: 1, u: 1}, strip_params: [top_p]}"
    found = made(f"{inner}, y: {{model: x, set_params: {{t: 2}}}}, z: b")
    assert found.problems == []
    assert found.aliases == {"a": ["x", "y"], "b": ["z"]}
    assert found.params == {"a": {"x": {"t": 1, "u": 1}, "y": {"t": 2, "u": 1}}}


def test_choices_are_selectors() -> None:
    found = made("x: {warm: [aa, b]}, y: {spillover: [a, far], at: 3}, z: {warm: [l]}, l: a")
    assert found.problems == []
    assert found.selectors == {
        "x": {"strategy": "warm", "targets": ["aa", "b"]},
        "y": {"strategy": "spillover", "targets": ["a", "far"], "settings": {"spillover": 3}},
        "z": {"strategy": "warm", "targets": ["l"]},
    }


@pytest.mark.parametrize(
    "text",
    [
        "x: {split: {a: 1, b: 2}}",
        "x: {failover: [a, b]}",
        "x: {replicas: [a, b]}",
        "x: {warm: [a, far]}",
        "x: {spillover: [a, b], at: 1}",
        "x: far",
        "x: {model: b, strip_params: [top_p]}",
    ],
)
def test_what_llama_swap_has_no_words_for(text: str) -> None:
    (problem,) = made(text, may_meet=False).problems
    assert problem.path == ("routes", "x")


def test_a_choice_inside_of_another() -> None:
    found = made("x: {warm: [y, a]}, y: {warm: [a, b]}, z: y")
    assert [problem.path for problem in found.problems] == [("routes", "x"), ("routes", "z")]
