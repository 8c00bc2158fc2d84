"""llmhop's modules as far as their options go, made of the table: what is set in them, with all defaults."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from remuda.render.nixos_llmhop.options import IMAGES, OF_MODEL, Given, Kind, Option, Same, of_engine
from tests.render.nix.evaluator import STUBS, evaluate

_TYPES = {
    Kind.BOOL: "bool",
    Kind.TEXT: "str",
    Kind.MAYBE_TEXT: "nullOr str",
    Kind.NAME: 'strMatching "[[:alnum:]][[:alnum:].-]*"',
    Kind.PATH: "path",
    Kind.MAYBE_PATH: "nullOr path",
    Kind.UNSIGNED: "ints.unsigned",
    Kind.POSITIVE: "ints.positive",
    Kind.PORT: "port",
    Kind.TEXTS: "listOf str",
    Kind.TEXT_BY_NAME: "attrsOf str",
    Kind.ANYTHING_BY_NAME: "attrsOf anything",
}


def configured(file: Path, suffix: str, version: str) -> dict[str, Any]:
    """All options of `services.llmhop` as llmhop's modules have them, with the module of the file."""
    engines = "".join(f"{name}{suffix} = {_options(of_engine(name), name + suffix)};" for name in IMAGES)
    module = f"""
      {{ lib, config, ... }}: with lib; with lib.types; {{
        options.virtualisation.quadlet.enable = mkEnableOption "quadlets";
        options.services.llmhop = {{
          enable = mkEnableOption "the router";
          settings = mkOption {{ type = anything; default = {{ }}; }};
          {engines}
        }};
      }}"""
    made = f"((import {STUBS}/lib.nix).evalModules {{ modules = [ ({module}) {file} ]; }}).config"
    # What has to be set need not be, where nothing asks for it.
    shown = "".join(f"{name}{suffix} = shown config.services.llmhop.{name}{suffix};" for name in IMAGES)
    text = f"""let
      lib = import {STUBS}/lib.nix;
      config = {made};
      known = set: name: (builtins.tryEval (builtins.deepSeq set.${{name}} true)).success;
      shown = set: lib.filterAttrs (name: _: known set name) set;
      quadlet = config.virtualisation.quadlet.enable;
    in {{ inherit quadlet; inherit (config.services.llmhop) enable settings; {shown} }}"""
    found = evaluate(text, version)
    assert isinstance(found, dict)
    return found


def _options(options: Mapping[str, Option], name: str) -> str:
    return "{" + "".join(f"{key} = {_option(option, name)};" for key, option in options.items()) + "}"


def _option(option: Option, name: str) -> str:
    if option.kind is Kind.MODELS:
        models = _options(OF_MODEL, name)
        inner = f"submodule ({{ name, ... }}: {{ options = {models}; }})"
        return f"mkOption {{ type = attrsOf ({inner}); default = {{ }}; }}"
    return f"mkOption {{ type = {_TYPES[option.kind]}; {_default(option, name)} }}"


def _default(option: Option, name: str) -> str:
    match option.default:
        case Given.NEVER:
            return ""
        case Given.BY_MACHINE:
            return "default = [ ];"
        case Given.BY_KEY:
            return "default = name;"
        case Same(other):
            return f"default = config.services.llmhop.{name}.{other};"
    return f"default = {json.dumps(option.default)};".replace("{}", "{ }")
