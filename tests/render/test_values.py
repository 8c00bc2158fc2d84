from __future__ import annotations

from textwrap import dedent

from remuda.plan.check import load_fleet
from remuda.render.values import Values, values
from remuda.spec.merge import effective
from remuda.spec.reference import Reference


def read(text: str) -> Values:
    fleet, _, _ = load_fleet(dedent(text), "remuda.yaml")
    return values(effective(fleet, "a"), 8000)


def test_dollars_and_placeholders_become_what_they_stand_for() -> None:
    got = read("""
        models:
          a: {cmd: ["x", "${PORT}", "$$HOME", "${MODEL_ID}"], environment: {A: "$$1 ${PORT}", B: ""}}
        """)
    assert got == Values(environment={"A": "$1 8000", "B": ""}, cmd=("x", "8000", "$HOME", "a"))


def test_a_whole_reference_is_a_secret_and_anything_else_is_refused_where_it_is_written() -> None:
    got = read("""
        engines: {vllm: {environment: {A: "${cred:a}", B: "x${cred:b}"}, settings: {some-key: "${file:/c}"}}}
        models:
          a: {engine: vllm, model: org/a, settings: {deep: {x: ["$${y}", "${env:D}"]}}}
        """)
    assert got.secrets == {"A": Reference("cred", "a")}
    assert {problem.path for problem in got.problems} == {
        ("engines", "vllm", "environment", "B"),
        ("engines", "vllm", "settings", "some-key"),
        ("models", "a", "settings", "deep"),
    }


def test_a_models_own_flag_is_its_own_however_it_is_spelled() -> None:
    got = read("""
        engines: {vllm: {settings: {api-key: x}}}
        models:
          a: {engine: vllm, model: org/a, settings: {api_key: "${env:KEY}"}}
        """)
    assert [problem.path for problem in got.problems] == [("models", "a", "settings", "api_key")]
