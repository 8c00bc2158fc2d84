from __future__ import annotations

import pytest

from remuda.spec.check import judge
from remuda.spec.rules import steps
from tests.spec.reading import document, said

VLLM = "engine: vllm, model: m, steps: [make]"


@pytest.mark.parametrize(
    "keys", ["runtime: podman", "runtime: docker", "runtime: systemd, image: x", "url: 'http://h'"]
)
def test_steps_of_a_container(keys: str) -> None:
    assert said(steps.contained, f"models: {{a: {{{VLLM}, {keys}}}}}") == []


def test_the_image_may_be_the_engines() -> None:
    text = f"engines: {{vllm: {{image: x}}}}\nmodels: {{a: {{{VLLM}, runtime: systemd}}}}"
    assert said(steps.contained, text) == []


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("", "1:38 `models.a.steps` cannot be used with the runtime `process`: they run in a container"),
        (", runtime: ray", "1:38 `models.a.steps` cannot be used with the runtime `ray`: they run in a container"),
        (", runtime: systemd", "1:38 `models.a.steps` cannot be used without an image: they run in a container"),
    ],
)
def test_steps_of_anything_else_are_refused(keys: str, expected: str) -> None:
    assert said(steps.contained, f"models: {{a: {{{VLLM}{keys}}}}}") == [expected]


def test_steps_of_a_server_of_somebody_else_are_refused_too() -> None:
    _, problems = judge(document("models: {a: {url: 'http://h', steps: [make]}}"))
    assert "`models.a.steps` cannot be used with `url`: Remuda does not run that server" in [
        problem.message for problem in problems
    ]


@pytest.mark.parametrize(
    "step",
    [
        "pip install xxhash",
        "echo ${X:+y} $$ ${PORT}",
        "exec 2>&1",
        "exec >/log",
        "echo exec",
        r"echo \\\\",
        "true # \\n ",
    ],
)
def test_lines_that_are_the_shells(step: str) -> None:
    read = document(f"models:\n  a:\n    runtime: podman\n    steps:\n      - |\n        {step}\n")
    assert list(steps.lines(read)) == []
    assert not [problem for problem in judge(read)[1] if "steps" in problem.path]


@pytest.mark.parametrize(
    ("step", "what"),
    [
        ("echo ${env:TOKEN}", "has a reference"),
        ("cat ${file:/etc/key}", "has a reference"),
        ("exec vllm serve x", "makes way"),
        ("set -e; exec python3 -m vllm", "makes way"),
        ("make && exec $0", "makes way"),
        ("echo \\", "ends in a"),
        ("true\n        echo \\\\\\", "ends in a"),
    ],
)
def test_lines_after_which_no_engine_would_come(step: str, what: str) -> None:
    (found,) = said(steps.lines, f"models:\n  a:\n    steps:\n      - |\n        {step}\n")
    assert f"`models.a.steps[0]` {what}" in found
