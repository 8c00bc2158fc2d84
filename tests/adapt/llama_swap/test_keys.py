"""No key is lost: each of the published schema is in a case, and without it something else comes of that."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from remuda.spec.document import load
from remuda.spec.yaml_text import to_yaml
from tests.adapt.llama_swap import golden

SCHEMA = Path(__file__).parents[2] / "render" / "llama_swap" / "schema" / "config-schema.json"
OLD_SPELLING = ("groups", "matrix")
SAME_WITHOUT = {
    "models.assistant.proxy": "it is the default",
    "models.assistant.checkEndpoint": "it is the default",
    "models.assistant.cmdStop": "it is what happens without",
    "models.assistant.capabilities.reranker": "it is the default",
    "routing.scheduler.use": "there is no other",
    "routing.router.use": "it is the default",
    "routing.router.settings.groups.together.exclusive": "it is the default",
    "routing.router.settings.matrix.vars": "the matrix is not in use",
    "routing.router.settings.matrix.vars.a": "the matrix is not in use",
    "routing.router.settings.matrix.evict_costs": "the matrix is not in use",
    "routing.router.settings.matrix.evict_costs.a": "the matrix is not in use",
    "routing.router.settings.matrix.sets": "the matrix is not in use",
    "routing.router.settings.matrix.sets.pair": "the matrix is not in use",
}
WHOLE = ("timeouts", "compat", "store", "ui", "performance", "upstream", "profiles", "metadata")
"""What is told as one, or passed on as it is."""

CONFIG = dict(load((golden.HERE / "every-key" / "config.yaml").read_text(), "config.yaml").data)


def properties(
    schema: dict[str, Any], definitions: dict[str, Any], path: tuple[str, ...] = ()
) -> Iterator[tuple[str, ...]]:
    schema = definitions[schema["$ref"].split("/")[-1]] if "$ref" in schema else schema
    for key, below in schema.get("properties", {}).items():
        yield (*path, key)
        yield from properties(below, definitions, (*path, key))
    if isinstance(more := schema.get("additionalProperties"), dict):
        yield from properties(more, definitions, (*path, "*"))


def written(data: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key, below in data.items() if isinstance(data, dict) else ():
        yield (*path, key)
        yield from written(below, (*path, key))


def without(data: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    key, *rest = path
    if not rest:
        return {name: value for name, value in data.items() if name != key}
    return {**data, key: without(data[key], tuple(rest))}


def has(data: Any, path: tuple[str, ...]) -> bool:
    if not path:
        return True
    key, *rest = path
    found = data.values() if key == "*" else (data[key],) if key in data else ()
    return any(isinstance(below, dict) or not rest for below in found) and any(has(b, tuple(rest)) for b in found)


def test_every_key_of_the_schema_is_in_the_case() -> None:
    schema = json.loads(SCHEMA.read_text())
    wanted = [path for path in properties(schema, schema["definitions"]) if path[0] not in OLD_SPELLING]
    assert len(wanted) > 90
    assert [path for path in wanted if not has(CONFIG, path)] == []


LEAVES = [path for path in written(CONFIG) if not any(key in WHOLE for key in path[:-1])]


@pytest.mark.parametrize("path", LEAVES, ids=".".join)
def test_every_key_makes_a_difference(path: tuple[str, ...]) -> None:
    whole, less = golden.adapted(to_yaml(CONFIG)), golden.adapted(to_yaml(without(CONFIG, path)))
    told, told_less = ([remark.problem.message for remark in found.remarks] for found in (whole, less))
    is_same = (whole.data, whole.notes, told) == (less.data, less.notes, told_less)
    assert is_same == (".".join(path) in SAME_WITHOUT)
