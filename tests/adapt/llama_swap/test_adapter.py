from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from remuda.adapt import ADAPTERS
from remuda.adapt.contract import Source
from remuda.plan.check import load_fleet
from tests.adapt.llama_swap import golden


@pytest.mark.parametrize("name", golden.CASES)
def test_a_configuration_becomes_the_fleet_that_is_written_down(name: str) -> None:
    golden.check(name)


@pytest.mark.parametrize("name", golden.CASES)
def test_the_fleet_is_sound_unless_it_is_refused(name: str) -> None:
    if golden.case(name).is_refused or not golden.case(name).data:
        return
    fleet, _, problems = load_fleet((golden.HERE / name / "remuda.yaml").read_text(), "remuda.yaml")
    assert fleet is not None
    assert [problem.message for problem in problems if problem.severity == "error"] == []


def test_only_what_is_asked_for_is_taken_and_nothing_else_is_missed() -> None:
    text = (golden.HERE / "selectors" / "config.yaml").read_text()
    source = Source(PurePosixPath("config.yaml"), golden.Texts({"config.yaml": text}), only=frozenset(("b",)))
    found = ADAPTERS["llama-swap"].adapt(source)
    assert list(found.data["models"]) == ["b"]
    assert found.data["residency"] == {"groups": {"both": {"members": ["b"], "swap": False}}}
    assert found.data["routes"]["pinned"] == "b"
    assert "`b`" not in golden.said(found)


def test_a_variable_in_a_key_has_its_value() -> None:
    found = golden.adapted(
        "models: {'m-${env.SIZE}': {cmd: 'x ${PORT}', metadata: {'${env.GONE}': 1}}}", {"SIZE": "8b"}
    )
    assert found.data["models"] == {"m-8b": {"cmd": "x ${PORT}", "metadata": {"${env.GONE}": 1}}}


def test_a_secret_is_in_nothing_that_comes_of_it() -> None:
    config = "apiKeys: [sk-marker]\npeers: {p: {proxy: 'http://a', apiKey: sk-marker, models: [m]}}"
    found = golden.adapted(config, {"KEY": "sk-marker"})
    assert "sk-marker" not in str((found.data, found.notes)) + golden.said(found)
