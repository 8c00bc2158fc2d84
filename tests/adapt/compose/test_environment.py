from typing import Any

import pytest

from remuda.adapt.compose.environment import Environment, Reader
from remuda.adapt.compose.tree import Report
from tests.adapt.compose.files import opened, said

OWN = {"HF_TOKEN": "hf_secret", "SET": "x", "EMPTY": ""}


def read(keys: str, **others: str) -> tuple[Environment, list[str]]:
    project, report = opened(f"services: {{s: {{{keys}}}}}", OWN, **others), Report()
    reader = Reader(project.source.files, project.places, project.variables, report)
    return reader.read(project.service("s", report)), said(report)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("environment: [A=1, B=, 'C=a=b']", {"A": "1", "B": "", "C": "a=b"}),
        (
            "environment: {A: 1, B: '', C: true, D: 0.50, E: 1e6}",
            {"A": "1", "B": "", "C": "true", "D": "0.5", "E": "1e+06"},
        ),
        ("environment: [SET, EMPTY]", {"SET": "x", "EMPTY": ""}),
        ("environment: {SET: , EMPTY: ~}", {"SET": "x", "EMPTY": ""}),
        ("environment: ['A=${SET:-d}', 'B=${NO:-d}', 'C=${EMPTY-d}']", {"A": "x", "B": "d", "C": ""}),
        ("environment: ['T=${HF_TOKEN:-}']", {"T": "\0env:HF_TOKEN\0"}),
    ],
)
def test_own(keys: str, expected: dict[str, str]) -> None:
    assert read(keys) == (Environment(expected), [])


def test_a_bare_name_without_a_value_is_absent_and_not_empty() -> None:
    found, messages = read("environment: [GONE, A=1]")
    assert found.variables == {"A": "1"}
    assert messages == ["compose.yaml:1: `GONE` is passed on where it is set, which it is not: it is left out"]


def test_a_secret_is_never_copied() -> None:
    found, messages = read("environment: [HF_TOKEN, 'X=a${HF_TOKEN}b']")
    assert found.variables == {"HF_TOKEN": "\0env:HF_TOKEN\0", "X": "a\0env:HF_TOKEN\0b"}
    assert messages == ["compose.yaml:1: `HF_TOKEN` is a secret: it stays `${env:HF_TOKEN}`"]


@pytest.mark.parametrize(
    ("keys", "contents", "expected"),
    [
        ("env_file: e.env", "A=1\nB=2\n", Environment({}, "/srv/models/e.env")),
        ("env_file: [{path: e.env}]", "# c\n\nA=1\n", Environment({}, "/srv/models/e.env")),
        ("env_file: e.env", "A='1'\nB=2 # c\nC=$SET\n", Environment({"A": "1", "B": "2", "C": "x"})),
        ("env_file: [{path: e.env, format: raw}]", "A='1'\n", Environment({}, "/srv/models/e.env")),
        ("env_file: e.env, environment: [A=own]", "A='1'\nB=$A\n", Environment({"A": "own", "B": "own"})),
        ("env_file: e.env, environment: [GONE]", "GONE='1'\n", Environment({})),
        ("env_file: e.env", "API_KEY='k'\n", Environment({"API_KEY": "\0env:API_KEY\0"})),
        ("env_file: [e.env, /etc/x.env]", "A=1\nB=2\n", Environment({"A": "1", "B": "2"}, "/etc/x.env")),
        ("env_file: /etc/x.env", "", Environment({}, "/etc/x.env")),
    ],
)
def test_files(keys: str, contents: str, expected: Environment) -> None:
    found, _ = read(keys, e_dot_env=contents)
    assert (found.variables, found.file) == (expected.variables, expected.file)


def test_a_later_file_comes_over_an_earlier_one() -> None:
    found, _ = read("env_file: [a.env, b.env]", a_dot_env="X='1'\nY=1\n", b_dot_env="X=2\n")
    assert (found.variables, found.file) == ({"Y": "1"}, "/srv/models/b.env")


@pytest.mark.parametrize(
    ("keys", "messages"),
    [
        ("env_file: no.env", ["compose.yaml:1: there is no file `no.env` here, so its variables are not known"]),
        ("env_file: [{path: no.env, required: false}]", []),
        (
            "env_file: [/a, /b]",
            ["compose.yaml:1: `/a` is left out: it cannot be read here, and a model has one `environment_file`"],
        ),
        ("env_file: e.env", ["e.env:2: the quote never ends"]),
    ],
)
def test_what_cannot_be_read_is_said(keys: str, messages: list[Any]) -> None:
    _, found = read(keys, e_dot_env="A=1\nB='x\n")
    assert [message.replace("cannot read `'x`: ", "") for message in found] == messages
