from pathlib import PurePosixPath

import pytest

from remuda.adapt.compose.project import project
from remuda.adapt.compose.tree import Report
from remuda.adapt.contract import Source
from tests.adapt.compose.files import Files, opened, plain, said, service


def test_dot_env_is_beside_the_file_and_below_what_is_set() -> None:
    found, report = service(
        "services: {s: {image: '$A-$B-$C'}}", {"A": "own"}, _dot_env="A=file\nB=${A}2\nexport C='$B'\n"
    )
    assert plain(found) == {"image": "own-own2-$B"}
    assert said(report) == []


@pytest.mark.parametrize(
    ("text", "dot_env", "messages"),
    [
        ("a: 1", "", ["compose.yaml:1: the file has no services: expected a mapping with `services`"]),
        ("services: [a]", "", ["compose.yaml:1: the file has no services: expected a mapping with `services`"]),
        ("services: {}", "A='", [".env:1: cannot read `'`: the quote never ends"]),
    ],
)
def test_refused(text: str, dot_env: str, messages: list[str]) -> None:
    assert said(opened(text, _dot_env=dot_env).report) == messages


def test_a_directory_gives_the_file_that_compose_takes() -> None:
    files = Files({"d/docker-compose.yml": "services: {b: {}}", "d/compose.yml": "services: {a: {}}", "d/x.yml": "x"})
    assert project(Source(PurePosixPath("d"), files)).services == ("a",)


def test_another_file_is_read_once() -> None:
    text = "services: {a: {extends: {file: b.yaml, service: x}}, c: {extends: {file: ./b.yaml, service: x}}}"
    project = opened(text, b_dot_yaml="services: {x: {image: i}}")
    assert [plain(project.service(name, Report()).get("image")) for name in ("a", "c")] == ["i", "i"]


def test_a_path_out_of_the_files_is_not_read() -> None:
    report = Report()
    opened("services: {a: {extends: {file: ../b.yaml, service: x}}}").service("a", report)
    assert said(report) == ["compose.yaml:1: there is no file `../b.yaml` here"]
