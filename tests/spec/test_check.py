from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from remuda.errors import Position, Problem
from remuda.spec.check import RULES, in_order, judge
from remuda.spec.document import Document, load
from remuda.spec.engine import EngineDefaults
from remuda.spec.fleet import Fleet, Lint, Residency
from remuda.spec.gateway import Gateway, Key, Tls
from remuda.spec.limits import Limits
from remuda.spec.model import Model
from remuda.spec.route import FORMS
from tests.spec.reading import lines


def test_a_right_file_gives_a_fleet_and_nothing_else() -> None:
    fleet, problems = judge(load("models:\n  qwen3-0.6b-cpu: {engine: llama-cpp, model: q.gguf}\n", "f"))
    assert problems == ()
    assert fleet is not None
    assert list(fleet.models) == ["qwen3-0.6b-cpu"]


def test_rules_run_when_the_shape_is_wrong() -> None:
    fleet, problems = judge(load("models:\n  a-1b-cpu: {cmd: x, port: '80'}\nroutes: {r: s}\nroutes: {}\n", "f"))
    assert fleet is None
    assert lines(problems) == [
        "2:28 `models.a-1b-cpu.port` must be a whole number, not `80`",
        "3:13 route `r` leads to `s`, which does not exist",
        "4:1 `routes` is given twice: first at 3:1",
    ]


def test_what_is_malformed_is_all_that_is_said() -> None:
    assert lines(judge(load("models:\n\ta: 1\n", "f"))[1]) == ["2:1 cannot indent with a tab"]


def test_an_empty_mapping_needs_models() -> None:
    assert lines(judge(load("{}\n", "f"))[1]) == ["1:1 the fleet needs `models`"]


def test_an_empty_key_is_one_problem() -> None:
    assert lines(judge(load("models:\n", "f"))[1]) == ["1:1 `models` is empty"]


def test_a_mistake_that_is_merged_into_several_models_is_said_once_for_each_name() -> None:
    text = "models:\n  a-1b-cpu: &a {cmd: x, port: 1, pot: 1}\n  b-1b-cpu: {<<: *a, port: 2}\n"
    assert lines(judge(load(text, "f"))[1]) == [
        "2:34 unknown key `models.a-1b-cpu.pot`",
        "2:34 unknown key `models.b-1b-cpu.pot`",
    ]


def test_problems_are_in_the_order_of_the_file_and_said_once() -> None:
    early, late = Problem("b", position=Position(1, 2)), Problem("a", position=Position(2, 1))
    nowhere = Problem("c")
    assert in_order([late, early, nowhere, late]) == (nowhere, early, late)


def test_every_rule_says_what_it_is_about() -> None:
    assert [rule.__name__ for rule in RULES if not rule.__doc__] == []


SECTIONS: tuple[type[BaseModel], ...] = (
    Fleet,
    Gateway,
    Key,
    Tls,
    Limits,
    EngineDefaults,
    Model,
    *FORMS.values(),
    Residency,
    Lint,
)
FIELDS = {field.alias or name for section in SECTIONS for name, field in section.model_fields.items()}
KEYS = st.sampled_from([*sorted(FIELDS), "vllm", "a", "cuda0", "command"])
LEAVES = (
    st.none() | st.booleans() | st.integers(-1, 9) | st.floats() | KEYS | st.sampled_from(["a & +b", "${PORT}", "${x"])
)
TREES = st.recursive(
    LEAVES, lambda child: st.lists(child, max_size=3) | st.dictionaries(KEYS, child, max_size=5), max_leaves=25
)


@given(
    st.dictionaries(KEYS, TREES, max_size=6),
    st.dictionaries(st.sampled_from("ab"), st.dictionaries(KEYS, TREES, max_size=6), max_size=2),
)
def test_no_document_is_too_strange_to_be_judged(data: dict[str, Any], models: dict[str, Any]) -> None:
    document = Document("f", {"models": models} | data)
    fleet, problems = judge(document)
    assert fleet is not None or any(problem.severity == "error" for problem in problems)
