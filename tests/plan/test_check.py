from __future__ import annotations

from pathlib import Path

import pytest

from remuda.errors import SpecError
from remuda.plan.check import check, load_fleet
from tests.spec.reading import lines

EXAMPLES = sorted((Path(__file__).parent.parent.parent / "examples").glob("*.yaml"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_nothing_can_be_said_against_the_examples(example: Path) -> None:
    assert check(example.read_bytes(), example.name).problems == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("engines: {vlm: {}}\nmodels: {}\n", "1:11 unknown engine `vlm`"),
        (
            "models: {a-1b-cpu: {engine: llama_cpp, model: m}}\n",
            "1:29 `models.a-1b-cpu.engine` is the unknown engine `llama_cpp`",
        ),
        (
            "engines: {vllm: {settings: {port: 1}}}\nmodels: {}\n",
            "1:29 `engines.vllm.settings`: `port` is set by Remuda",
        ),
        (
            "models: {a-1b-cpu: {engine: vllm, model: m, settings: {served_model_name: x}}}\n",
            "1:56 `models.a-1b-cpu.settings`: `served_model_name` is set by Remuda",
        ),
    ],
)
def test_what_needs_to_know_engines(text: str, expected: str) -> None:
    errors = [problem for problem in check(text, "f").problems if problem.severity == "error"]
    assert lines(errors) == [expected]
    assert all(problem.hint for problem in errors)


def test_ollama_goes_by_its_own_names() -> None:
    text = "models: {a-1b-cpu: {engine: ollama, model: m, served_name: x}}\n"
    assert lines(check(text, "f").problems) == [
        "1:47 `models.a-1b-cpu.served_name` cannot be used with the engine `ollama`, which goes by its own names"
    ]


def test_settings_of_the_wrong_shape_are_said_to_be_wrong_once() -> None:
    text = "models: {a-1b-cpu: {engine: vllm, model: m, settings: {--port: 1}}}\n"
    assert len(check(text, "f").problems) == 1


def test_a_command_takes_no_settings() -> None:
    text = "models: {a-1b-cpu: {cmd: 'x ${PORT}', settings: {a: 1}}}\n"
    (problem,) = check(text, "f").problems
    assert "takes no settings" in problem.message


def test_loading_a_fleet() -> None:
    fleet, document, warnings = load_fleet("models: {tiny-a: {url: 'http://h'}}\n", "f")
    assert list(fleet.models) == ["tiny-a"]
    assert document.file == "f"
    assert [problem.severity for problem in warnings] == ["warning"]


def test_loading_a_fleet_with_errors() -> None:
    with pytest.raises(SpecError, match="cannot use `f`: 2 errors") as caught:
        load_fleet("models: {tiny-a: {url: x, prot: 1}}\n", "f")
    assert caught.value.file == "f"
    assert [problem.severity for problem in caught.value.problems] == ["warning", "error", "error"]


def test_a_file_that_is_malformed() -> None:
    checked = check(b"\xff\xfe", "f")
    assert checked.has_errors
    assert checked.fleet is None
