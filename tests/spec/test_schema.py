from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from remuda.engines import ENGINES
from remuda.spec.schema import DIALECT, schema

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    return schema(ENGINES)


def test_it_is_a_schema(made: dict[str, Any]) -> None:
    assert made["$schema"] == DIALECT
    jsonschema.Draft202012Validator.check_schema(made)


def test_the_committed_schema_is_up_to_date(made: dict[str, Any]) -> None:
    committed = (ROOT / "schema" / "remuda.schema.json").read_text(encoding="utf-8")
    assert json.loads(committed) == made, "run scripts/generate"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_examples_name_the_schema_and_conform_to_it(example: Path, made: dict[str, Any]) -> None:
    text = example.read_text(encoding="utf-8")
    assert text.startswith("# yaml-language-server: $schema=../schema/remuda.schema.json\n")
    jsonschema.validate(YAML(typ="safe", pure=True).load(text), made, jsonschema.Draft202012Validator)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"models": {"a": {"engine": "vlm"}}},
        {"models": {"a": {"prot": 1}}},
        {"models": {"a b": {}}},
        {"models": {"a": {"memory": "22G"}}},
        {"models": {"a": {"memory": {"cuda0": "x"}}}},
        {"models": {"a": {"ttl": 15}}},
        {"models": {"a": {"settings": {"--x": 1}}}},
        {"models": {"a": {"environment": {"A": True}}}},
        {"models": {"a": {"name": None}}},
        {"models": {}, "engines": {"vlm": {}}},
        {"models": {}, "routes": {"r": {"split": {}}}},
        {"models": {}, "routes": {"r": {"warm": []}}},
        {"models": {}, "routes": {"r": {"warm": ["a"], "failover": ["a"]}}},
        {"models": {}, "routes": {"r": {"replicas": ["a"], "affinity": "session"}}},
        {"models": {"a": {"strip_params": ["model"]}}},
        {"models": {"a": {"set_params": {"stream": True}}}},
        {"models": {}, "gateway": {"limits": {"head_timeout": 0}}},
        {"models": {}, "gateway": {"listen": "nowhere"}},
    ],
)
def test_editors_see_what_is_wrong(wrong: object, made: dict[str, Any]) -> None:
    assert not jsonschema.Draft202012Validator(made).is_valid(wrong)


@pytest.mark.parametrize(
    "model",
    [
        {"memory": 5, "ttl": 0, "ready": False},
        {"memory": {"cuda0": "1.5 GB"}, "ttl": "1h 30m", "ready": "/x"},
        {"set_params": {"a": None}, "metadata": {"b": [1]}, "upstream_headers": {"X-A": "b"}, "capabilities": ["chat"]},
        {"cmd": ["a", "b"], "environment": {"A": 1}, "settings": {"x": None, "y": [{"z": 1}]}},
    ],
)
def test_editors_accept_every_form_of_a_value(model: object, made: dict[str, Any]) -> None:
    jsonschema.validate({"models": {"a": model}}, made, jsonschema.Draft202012Validator)
