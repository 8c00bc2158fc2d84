import pytest

from remuda.plan.check import check
from remuda.plan.unread import UNREAD


def said(text: str) -> list[tuple[tuple[str | int, ...], str, bool]]:
    problems = check(f"{text}\nlint: {{model_ids: off}}\n", "remuda.yaml").problems
    return [(problem.path, problem.severity, bool(problem.hint)) for problem in problems]


@pytest.mark.parametrize("name", UNREAD["vllm"])
def test_a_name_that_vllm_does_not_read_is_told_where_it_is_set(name: str) -> None:
    own = f"models: {{a: {{engine: vllm, model: x/y, environment: {{{name}: 1}}}}}}"
    assert said(own) == [(("models", "a", "environment", name), "warning", True)]
    shared = f"engines: {{vllm: {{environment: {{{name}: 1}}}}}}\nmodels: {{a: {{engine: vllm, model: x/y}}}}"
    assert said(shared) == [(("engines", "vllm", "environment", name), "warning", True)]


def test_what_it_reads_and_what_others_read_is_not() -> None:
    assert said("models: {a: {engine: vllm, model: x/y, environment: {VLLM_LOGGING_LEVEL: INFO, VLLM_PORT: 1}}}") == []
    assert said("models: {a: {cmd: 'x ${PORT}', environment: {MODEL_PATH: /m}}}") == []
