from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import Any

import pytest

from remuda.adapt.contract import Adapted, Source
from remuda.adapt.llmhop_module import adapt
from remuda.adapt.module_text import with_data
from remuda.adapt.write import fleet_text
from remuda.plan.check import load_fleet
from remuda.render.contract import Request
from remuda.render.nixos_llmhop.target import FIRST, SECOND, render
from tests.adapt.files import InMemory
from tests.render import golden
from tests.render.nix.evaluator import evaluate

CASES = golden.folder_of("nixos-llmhop")


def made(options: dict[str, Any]) -> Adapted:
    return adapt(with_data(Source(PurePosixPath("a.nix"), InMemory({})), options))


@pytest.mark.parametrize("case", ["seed-001", "everything"])
@pytest.mark.parametrize("file", [FIRST, SECOND], ids=["1", "2"])
def test_a_fleet_comes_back_from_llmhop_s_options(case: str, file: PurePosixPath) -> None:
    """What is rendered, evaluated and adapted is rendered to the same bytes."""
    expected = CASES / case / "expected"
    options = evaluate(f"(import {expected / file} {{ }}).services.llmhop", "nix")
    adapted = made(options)
    assert not adapted.is_refused
    fleet, _, _ = load_fleet(fleet_text(adapted) + 'lint: {model_ids: "off"}\n', "remuda.yaml")
    again = evaluate_all_of(render(Request(fleet)).files[file])
    assert again == options


def evaluate_all_of(text: str) -> Any:
    return evaluate(f"(({text}) {{ }}).services.llmhop", "nix")


def test_what_is_no_container_and_what_is_unknown_is_told() -> None:
    found = made(
        {
            "enable": True,
            "llama-cpp": {"enable": True, "models": {"a": {"port": 1}}},
            "vllm": {"enable": True, "package": "x", "models": {"b": {"port": 2}}},
            "vllm-quadlet": {"uid": 5, "what": 1, "models": {"c": {"port": 3, "model": "x/y", "odd": True}}},
        }
    )
    assert list(found.data["models"]) == ["c"]
    said = [remark.problem.message.split(" is not")[0] for remark in found.remarks]
    assert said == [
        "`services.llmhop.llama-cpp`",
        "`services.llmhop.vllm`",
        "`services.llmhop.vllm-quadlet.devices`",
        "`services.llmhop.vllm-quadlet.what`",
        "`services.llmhop.vllm-quadlet.models.c.odd`",
    ]


def test_a_text_of_theirs_refers_to_nothing() -> None:
    found = made({"vllm": {"uid": 5, "devices": [], "environment": {"A": "${x}"}, "models": {"c": {"port": 3}}}})
    assert found.data["engines"]["vllm"]["environment"] == {"A": "$${x}"}


def test_a_router_s_own_configuration_is_read_as_it_is() -> None:
    found = made({"models": {"a": {"url": "http://127.0.0.1:9"}}})
    assert json.loads(json.dumps(found.data["models"])) == {"a": {"url": "http://127.0.0.1:9"}}
