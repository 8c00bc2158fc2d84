from __future__ import annotations

import pytest

from remuda.adapt.llama_swap.expand import Expanded, expand
from remuda.adapt.llama_swap.said import Said
from remuda.adapt.llama_swap.tree import tree
from remuda.spec.document import load


def expanded(text: str) -> tuple[Expanded, list[str]]:
    told = Said()
    found = expand(tree(load(text, "config.yaml")), frozenset(("models", "logLevel", "startPort")), told)
    return found, [remark.problem.message for remark in told.remarks]


def test_ports_are_given_in_the_order_of_the_ids_to_those_that_ask() -> None:
    found, _ = expanded("startPort: 9000\nmodels: {c: {cmd: 'x ${PORT}'}, b: {cmd: x}, a: {cmd: 'x ${PORT}'}}")
    assert found.ports == {"a": 9000, "c": 9001}
    assert found.fixed == frozenset()


def test_a_start_port_may_be_a_macro() -> None:
    found, _ = expanded("macros: {first: 7000}\nstartPort: ${first}\nmodels: {a: {cmd: 'x ${PORT}'}}")
    assert found.ports == {"a": 7000}


def test_a_model_that_says_its_port_to_others_keeps_it() -> None:
    found, _ = expanded(
        "models: {a: {cmd: 'x ${PORT}', env: ['P=${PORT}'], metadata: {at: '${PORT}', in: 'at ${PORT}'}}}"
    )
    model = found.root.get("models", "a")
    assert found.fixed == {"a"}
    assert model is not None
    assert [node.value for node in model.pairs["metadata"].pairs.values()] == [5800, "at 5800"]
    assert [item.value for item in model.pairs["env"].items] == ["P=${PORT}"]


def test_a_comment_cannot_become_a_command() -> None:
    found, told = expanded('macros: {x: "1"}\nmodels: {a: {cmd: "# ${gone}\\nserver ${x} ${PORT}"}}')
    model = found.root.get("models", "a", "cmd")
    assert told == []
    assert model is not None
    assert model.value == "server 1 ${PORT}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("macros: {a: 'x${a}'}", "the macro `a` stands for itself"),
        ("macros: {PID: 1}", "the macro `PID` has a reserved name"),
        ("macros: {'a b': 1}", "the macro `a b` must hold only letters, digits, `_` and `-`"),
        (f"macros: {{{'a' * 64}: 1}}", f"the macro `{'a' * 64}` is longer than 63 characters"),
        ("macros: {a: {b: 1}}", "the macro `a` must be a single value, not a mapping"),
        ("macros: {a: ~}", "the macro `a` must be a single value, not nothing"),
        ("macros: [a]", "`macros` must be a mapping, not a list"),
        ("logLevel: ${gone}", "`logLevel` has `${gone}`: the macro `gone` is not defined"),
        ("logLevel: ${PORT}", "`logLevel` has `${PORT}`, which is not known here"),
        (
            "models: {a: {cmd: x, name: '${PORT}'}}",
            "`models.a.name` has `${PORT}`, which a model only has if its `cmd` does",
        ),
        ("models: {a: {cmd: 'x ${PORT}', name: '${PID}'}}", "`models.a.name` has `${PID}`, which is not known here"),
        (
            "macros: {a: '${b}', b: 1}\nmodels: {m: {cmd: '${a}'}}",
            "`models.m.cmd` has `${b}`: the macro `b` is defined later, or only for a model",
        ),
        (
            "models: {m: {cmd: 'x ${PORT}', filters: {setParamsByID: {'${MODEL_ID}': {}, m: {}}}}}",
            "`models.m.filters.setParamsByID.m` is given twice, once its macros are put in",
        ),
    ],
)
def test_what_llama_swap_refuses_is_told(text: str, message: str) -> None:
    assert expanded(text)[1] == [message]


def test_a_key_that_means_nothing_may_hold_anything() -> None:
    assert expanded("x-shell: '${HOME}'")[1] == []
