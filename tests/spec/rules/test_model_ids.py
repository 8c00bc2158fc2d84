from __future__ import annotations

import pytest

from remuda.spec.rules.model_ids import convention
from tests.spec.reading import document


@pytest.mark.parametrize(
    ("lint", "severities"),
    [
        ("", ["warning"]),
        ("lint: {model_ids: warning}\n", ["warning"]),
        ("lint: {model_ids: error}\n", ["error"]),
        ("lint: {model_ids: off}\n", []),
    ],
)
def test_the_severity_is_the_users_choice(lint: str, severities: list[str]) -> None:
    text = "models: {tiny-a: {url: x}, qwen3-0.6b-cpu: {url: x}, '-no name-': {}}\n" + lint
    problems = list(convention(document(text)))
    assert [problem.severity for problem in problems] == severities
    assert all(problem.path == ("models", "tiny-a") for problem in problems)
    assert all("the size is missing" in problem.message for problem in problems)
