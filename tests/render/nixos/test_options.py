"""The options of the project's module; that Nix takes them is asked in tests/nix/test_module.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from remuda.engines import ENGINES
from remuda.render.nix.printer import one_line, to_nix
from remuda.render.nixos.options import options_file
from remuda.spec.schema import schema

ROOT = Path(__file__).parents[3]


def test_the_committed_options_are_up_to_date() -> None:
    committed = (ROOT / "nix" / "options.nix").read_text(encoding="utf-8")
    assert committed == to_nix(options_file(schema(ENGINES))), "run scripts/generate"


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"type": "string"}, "types.nullOr types.str"),
        ({"type": ["string", "integer", "null"]}, "types.nullOr (types.oneOf [ types.str types.int ])"),
        ({"type": "integer", "minimum": 1}, "types.nullOr types.ints.positive"),
        ({"type": "integer", "minimum": 1, "maximum": 9}, "types.nullOr (types.ints.between 1 9)"),
        ({"enum": ["a", "b"]}, 'types.nullOr (types.enum [ "a" "b" ])'),
        ({"type": "array", "items": {"$ref": "#/$defs/It"}}, "types.nullOr (types.listOf it)"),
        (
            {"type": "object", "additionalProperties": {"type": ["boolean", "null"]}},
            "types.nullOr (types.attrsOf (types.nullOr types.bool))",
        ),
        ({"oneOf": [{"$ref": "#/$defs/It"}, {"$ref": "#/$defs/Other"}]}, "types.nullOr types.anything"),
        ({}, "types.nullOr types.anything"),
    ],
)
def test_types(keys: dict[str, Any], expected: str) -> None:
    section = {"properties": {}, "type": "object"}
    root = {"$defs": {"It": section, "Other": section}, "properties": {"a": keys}}
    assert f"type = {expected};" in one_line(options_file(root).body)


def test_what_is_required_has_no_default() -> None:
    root = {"$defs": {}, "properties": {"a": {"type": "string"}}, "required": ["a"]}
    assert one_line(options_file(root).body).endswith("{ a = mkOption { type = types.str; }; }")
