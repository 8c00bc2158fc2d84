"""The stubs refuse what nixpkgs refuses, or the tests that use them would prove nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.render.nix.evaluator import STUBS, VERSIONS, evaluate_all, refusal

_MODULES = f"(import {STUBS}/lib.nix).evalModules"


def _config(*modules: str) -> str:
    with_lib = (f"({{ lib, config, ... }}: with lib; {module})" for module in modules)
    return f"({_MODULES} {{ modules = [ {' '.join(with_lib)} ]; }}).config"


_DECLARED = """{ options = {
  on = mkEnableOption "it";
  names = mkOption { type = types.listOf types.str; default = [ ]; };
  ports = mkOption { type = types.attrsOf types.port; default = { }; };
  users = mkOption {
    type = types.attrsOf (types.submodule ({ name, ... }: { options = {
      name = mkOption { type = types.str; default = name; };
      uid = mkOption { type = types.nullOr types.int; default = null; };
    }; }));
    default = { };
  };
  a.b = mkOption { type = types.int; default = 1; };
}; }"""

_MERGED: list[tuple[str, Any]] = [
    ("{ on = true; }", {"on": True}),
    ('{ config = mkMerge [ { names = [ "a" ]; } (mkIf true { names = [ "b" ]; }) ]; }', {"names": ["a", "b"]}),
    ('{ config = mkIf config.on { names = [ "a" ]; }; }', {"names": []}),
    ("{ config.a.b = mkForce 3; imports = [ { a.b = 2; } ]; }", {"a": {"b": 3}}),
    ("{ a.b = mkDefault 3; }", {"a": {"b": 3}}),
    ("{ users.x.uid = 5; users.y = { }; }", {"users": {"x": {"name": "x", "uid": 5}, "y": {"name": "y", "uid": None}}}),
    ("{ ports = mkMerge [ { x = 1; } { y = mkIf false 2; } ]; }", {"ports": {"x": 1}}),
]


@pytest.mark.parametrize("version", VERSIONS)
def test_definitions_are_merged(version: str) -> None:
    found = evaluate_all([_config(_DECLARED, module) for module, _ in _MERGED], version)
    assert [config | expected for config, (_, expected) in zip(found, _MERGED, strict=True)] == found


@pytest.mark.parametrize(
    ("module", "said"),
    [
        ("{ of = true; }", "`of` does not exist"),
        ("{ a.c = true; }", "`a.c` does not exist"),
        ("{ users.x.id = 1; }", "`users.x.id` does not exist"),
        ("{ on = 1; }", "`on` is not of type `boolean`"),
        ("{ names = [ 1 ]; }", "`names.*` is not of type `string`"),
        ("{ ports.x = 65536; }", "`ports.x` is not of type `16 bit unsigned integer`"),
        ("{ config = mkMerge [ { a.b = 1; } { a.b = 2; } ]; }", "`a.b` has conflicting definitions"),
    ],
)
def test_what_nixpkgs_refuses_is_refused(module: str, said: str) -> None:
    assert said in refusal(_config(_DECLARED, module), "nix").replace("\x1b[35;1m", "").replace("\x1b[0m", "")
