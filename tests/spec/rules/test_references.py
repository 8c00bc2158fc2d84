from __future__ import annotations

import pytest

from remuda.spec.rules.references import references
from tests.spec.reading import said


@pytest.mark.parametrize(
    "text",
    [
        "gateway: {keys: [{secret: 'anything ${'}]}",
        "engines: {vllm: {environment: {A: '${env:A}'}, settings: {api-key: '${file:/k}'}}}",
        "engines: {command: {environment: {P: '${PORT}'}}}",
        "models: {a: {cmd: 'x ${PORT} \"${file:/a b}\" ${MODEL_ID} $HOME $${HOME}'}}",
        "models: {a: {cmd: [x, '${PORT}', '${env:T}'], environment: {M: '${MODEL_ID}'}}}",
        "models: {a: {engine: vllm, settings: {deep: [{er: '${cred:x}'}]}}}",
        "models: {a: {cmd: ['x ${env:A}'], name: 'costs $5'}}",
        "models: {a: {url: 'http://h', upstream_headers: {Authorization: 'Bearer ${file:/k}'}}}",
    ],
)
def test_right_references_in_right_places(text: str) -> None:
    assert said(references, text + "\n") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "models: {a: {name: 'x ${env:A}'}}",
            "1:23 `models.a.name` has `${`, which is not replaced here",
        ),
        (
            "models: {a: {cmd: x, upstream_headers: {x: '${PORT}'}}}",
            "1:45 `models.a.upstream_headers.x` has `${PORT}`, which is not replaced here",
        ),
        (
            "routes: {r: {model: a, set_params: {user: '${env:U}'}}}",
            "1:44 `routes.r.set_params.user` has `${`, which is not replaced here",
        ),
        (
            "models: {a: {url: 'http://${env:A}'}}",
            "1:27 `models.a.url` has `${`, which is not replaced here",
        ),
        (
            "models: {a: {environment: {A: 'x ${HOME}'}}}",
            "1:34 `models.a.environment.A` has `${HOME}`: expected `${env:NAME}`, `${file:path}` or `${cred:name}`",
        ),
        (
            "models: {a: {engine: vllm, environment: {A: '${PORT}'}}}",
            "1:46 `models.a.environment.A` has `${PORT}`, which is not replaced here",
        ),
        (
            "models: {a: {cmd: x, settings: {p: '${PORT}'}}}",
            "1:37 `models.a.settings.p` has `${PORT}`, which is not replaced here",
        ),
        (
            "engines: {vllm: {environment: {A: '${PORT}'}}}",
            "1:36 `engines.vllm.environment.A` has `${PORT}`, which is not replaced here",
        ),
        (
            "models: {a: {cmd: 'x ${PORT'}}",
            "1:22 `models.a.cmd` has a `${` without its `}`",
        ),
        (
            "models: {a: {cmd: ['x', '${PROT}']}}",
            "1:26 `models.a.cmd[1]` has `${PROT}`: expected `${env:NAME}`, `${file:path}` or `${cred:name}`",
        ),
        (
            "models: {a: {cmd: 'x ${file:/a b}'}}",
            "1:22 `models.a.cmd` is split in the middle of `${file:/a…`",
        ),
    ],
)
def test_wrong_references(text: str, expected: str) -> None:
    assert said(references, text + "\n") == [expected]


def test_a_command_line_that_cannot_be_split_is_somebody_elses_problem() -> None:
    assert said(references, 'models: {a: {cmd: "x \'${PORT}"}}\n') == []
