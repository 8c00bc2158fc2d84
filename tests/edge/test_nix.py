"""Files of Nix as people have them, evaluated by both versions of Nix within bounds."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from remuda.cli.imports import adapted
from remuda.edge import nix
from remuda.edge.nix import evaluated
from remuda.errors import EffectError, SpecError
from tests.render import golden
from tests.render.nix.evaluator import ROOT, VERSIONS

BESIDE_NIXOS = """{ config, lib, pkgs, ... }:
let
  server = lib.getExe' (pkgs.llama-cpp.override { cudaSupport = true; }) "llama-server";
in
{
  imports = [ ./hardware.nix ];
  networking.hostName = "herd";
  services.llama-swap = lib.mkIf true {
    enable = true;
    settings.models.a.cmd = ''
      ${server} --port ''${PORT}
      --model ${config.services.llama-swap.settings.where or "/a.gguf"}
    '';
  };
}
"""


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    folder = ROOT / ".tools" / str(request.param)
    if not folder.exists():
        message = "Nix is not here: run scripts/setup-nix"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return str(request.param)


def of(file: Path, text: str, service: str = "llama-swap") -> Any:
    file.write_text(text)
    return json.loads(evaluated(file, service))


@pytest.mark.usefixtures("version")
def test_a_configuration_of_nixos(tmp_path: Path) -> None:
    found = of(tmp_path / "a file.nix", BESIDE_NIXOS)
    command = "/run/current-system/sw/bin/llama-server --port ${PORT}\n--model /a.gguf\n"
    assert found["settings"] == {"models": {"a": {"cmd": command}}}


@pytest.mark.usefixtures("version")
@pytest.mark.parametrize("head", ["", "{ pkgs, lib }: ", "{ lib, ... }: ", "args: ", "args@{ pkgs, ... }: "])
def test_a_set_and_functions_that_make_one(tmp_path: Path, head: str) -> None:
    (tmp_path / "other.nix").write_text("{ a = { }; }")
    assert of(tmp_path / "config.nix", head + "{ models = import ./other.nix; }") == {"models": {"a": {}}}


@pytest.mark.usefixtures("version")
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{ a = 1 }", "syntax error, unexpected '}', expecting ';'"),
        ("{ a = builtins.readFile /etc/passwd; }", "is forbidden in restricted mode"),
        ("{ a = import ../secret.nix; }", "is forbidden in restricted mode"),
        ('{ a = builtins.fetchurl "http://127.0.0.1:9/x"; }', "is forbidden in restricted mode"),
        ("{ a = builtins.toJSON (x: x); }", "cannot convert a function to JSON"),
        ("let a = a; in a", "infinite recursion encountered"),
    ],
)
def test_what_is_wrong_or_not_allowed_is_said_in_nix_s_words(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "secret.nix").write_text("1")
    own = tmp_path / "own"
    own.mkdir()
    with pytest.raises(SpecError) as error:
        of(own / "config.nix", text)
    assert said in error.value.message


@pytest.mark.usefixtures("version")
def test_nothing_of_the_environment_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "x")
    assert of(tmp_path / "a.nix", '{ a = builtins.getEnv "SECRET"; }') == {"a": ""}


@pytest.mark.usefixtures("version")
def test_what_does_not_end_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nix, "_TIMEOUT_S", 1)
    endless = "{ a = builtins.foldl' (a: b: a + b) 0 (builtins.genList (x: x) 2000000000); }"
    with pytest.raises((EffectError, SpecError)):
        of(tmp_path / "a.nix", endless)


def test_without_nix_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EffectError, match="`nix-instantiate` is not installed"):
        evaluated(tmp_path / "a.nix", "llama-swap")


@pytest.mark.usefixtures("version")
def test_a_fleet_comes_back_from_its_modules() -> None:
    rendered = golden.folder_of("nixos-llama-swap") / "seed-000" / "expected"
    for name in ("config.nix", "llama-swap.nix"):
        models = adapted("llama-swap", rendered / name).data["models"]
        assert models["qwen3.6-27b-vllm-180k-cuda0"]["settings"]["max-model-len"] == 180000
    made = adapted("llmhop", golden.folder_of("nixos-llmhop") / "seed-001" / "expected" / "llmhop-2.nix", ["pinned"])
    assert list(made.data["models"]) == ["pinned"]
    assert all(remark.problem.position is None for remark in made.remarks)


def test_other_formats_are_not_in_nix(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="only `llama-swap`, `llmhop` are configured in Nix"):
        adapted("compose", tmp_path / "a.nix")
