import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from remuda.plan.check import load_fleet
from remuda.quoting.llama_swap import split
from remuda.render.contract import Request
from remuda.render.llama_swap.target import render
from tests.render import golden
from tests.render.llama_swap import reader

HERE = Path(__file__).parent
CASES = golden.cases("llama-swap")
ACCEPTED = [HERE / case for case in CASES if (HERE / case / "expected").exists()]
SCHEMA = json.loads((HERE / "schema" / "config-schema.json").read_text())
VARIABLES = {"LS_KEY": "k", "HF_TOKEN": "hf", "FAR": "f"}


def loaded(case: Path) -> dict[str, Any]:
    return reader.load((case / "expected" / "config.yaml").read_text(), VARIABLES)


@pytest.mark.parametrize("case", CASES)
def test_case(case: str) -> None:
    golden.check("llama-swap", case)


@pytest.mark.parametrize("case", ACCEPTED, ids=lambda case: case.name)
def test_its_own_schema_accepts_it(case: Path) -> None:
    jsonschema.Draft7Validator(SCHEMA).validate(loaded(case))


def test_nothing_of_a_fleet_is_lost() -> None:
    """Read as llama-swap reads it."""
    config = loaded(HERE / "seed-000")
    models = config["models"]
    assert config["apiKeys"] == ["k"]
    assert config["peers"]["far"] == {"proxy": "http://10.0.0.7:8000", "apiKey": "f", "models": ["far"]}
    vllm = models["qwen3.6-27b-vllm-180k-cuda0"]
    assert vllm["env"] == ["HF_TOKEN=hf"]
    assert (vllm["ttl"], vllm["aliases"]) == (900, ["coder", "precise"])
    assert vllm["filters"]["setParamsByID"] == {"precise": {"temperature": 0}}
    words = list(split(models["gemma3-4b-cuda1"]["cmd"]))
    assert words[words.index("--chat-template-kwargs") + 1] == '{"a": "it\'s ${X:+y} ${PORT} $HOME"}'
    assert {name: model["proxy"] for name, model in models.items()} == {
        "gemma3-4b-cuda1": "http://127.0.0.1:5800",
        "qwen3-4b-cuda1": "http://127.0.0.1:9001",
        "qwen3.6-27b-vllm-180k-cuda0": "http://127.0.0.1:5801",
        "whisper": "http://127.0.0.1:5802",
    }
    assert config["selectors"]["any"]["targets"] == ["qwen3.6-27b-vllm-180k-cuda0", "small"]


def test_a_model_that_is_not_asked_for_takes_its_routes_along() -> None:
    text = "models: {a: {cmd: 'a ${PORT}'}, b: {cmd: 'b ${PORT}'}}\nroutes: {x: b, y: a, z: {warm: [b, a]}}\n"
    fleet, _, _ = load_fleet(text, "remuda.yaml")
    (config,) = (reader.load(text, {}) for text in render(Request(fleet, only=frozenset("a"))).files.values())
    assert config["models"].keys() == {"a"}
    assert config["models"]["a"]["aliases"] == ["y"]
    assert config["selectors"]["z"]["targets"] == ["a"]
