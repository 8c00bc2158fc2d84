"""The module, put together with options as NixOS declares them."""

from __future__ import annotations

from typing import Any

import pytest

from remuda.render.flake.target import NAME
from tests.render import golden
from tests.render.flake.flakes import NIXPKGS, expression, outputs
from tests.render.nix.evaluator import VERSIONS, refusal

_OPTIONS = """({ lib, ... }: with lib; { options = {
  systemd.services = mkOption { default = { }; type = types.attrsOf (types.submodule { options = {
    description = mkOption { type = types.str; };
    wantedBy = mkOption { type = types.listOf types.str; default = [ ]; };
    wants = mkOption { type = types.listOf types.str; default = [ ]; };
    after = mkOption { type = types.listOf types.str; default = [ ]; };
    environment = mkOption { type = types.attrsOf types.str; default = { }; };
    serviceConfig = mkOption { type = types.attrsOf types.anything; default = { }; };
  }; }); };
  users.users = mkOption { default = { }; type = types.attrsOf (types.submodule { options = {
    isSystemUser = mkOption { type = types.bool; default = false; };
    group = mkOption { type = types.str; };
  }; }); };
  users.groups = mkOption { default = { }; type = types.attrsOf (types.submodule { }); };
}; })"""


def _asked(given: str) -> str:
    pkgs = f'import {NIXPKGS} {{ system = "x86_64-linux"; config = {{ }}; overlays = [ ]; }}'
    module = f"(args: outputs.nixosModules.default (args // {{ pkgs = {pkgs}; }}))"
    modules = f"[ {_OPTIONS} {module} {{ services.remuda-models = {{ {given} }}; }} ]"
    return f"removeAttrs (lib.evalModules {{ modules = {modules}; }}).config [ ]"


def _config(case: str, given: str, version: str) -> Any:
    return outputs(golden.folder_of(NAME) / case / "expected", version, _asked(given))


@pytest.mark.parametrize("version", VERSIONS)
def test_nothing_runs_until_it_is_enabled(version: str) -> None:
    found = _config("rocm", "", version)
    assert (found["systemd"], found["users"]) == ({"services": {}}, {"users": {}, "groups": {}})


@pytest.mark.parametrize("version", VERSIONS)
def test_a_service_runs_the_package(version: str) -> None:
    found = _config("rocm", "coder.enable = true; small.enable = true;", version)
    assert found["users"]["users"].keys() == {"remuda-vllm", "remuda-llama-cpp"} == found["users"]["groups"].keys()
    assert found["systemd"]["services"].keys() == {"remuda-coder", "remuda-small"}
    service = found["systemd"]["services"]["remuda-coder"]
    config = service["serviceConfig"]
    assert config["ExecStart"].endswith("-coder-server/bin/coder-server")
    assert (config["User"], config["LoadCredential"]) == ("remuda-vllm", "hf")
    assert config["DeviceAllow"] == ["char-kfd rw", "char-drm rw"]
    assert config["SupplementaryGroups"] == ["render", "video"]
    assert service["environment"]["HF_HOME"] == config["WorkingDirectory"] == "/var/cache/remuda/vllm"


def test_limits_and_no_devices() -> None:
    name = "qwen3-0-6b-llama-cpp-cpu"
    found = _config("cuda", f"{name}.enable = true;", "nix")
    config = found["systemd"]["services"][f"remuda-{name}"]["serviceConfig"]
    assert (config["MemoryMax"], config["CPUQuota"]) == (str(8 * 2**30), "200%")
    assert config["PrivateDevices"] == "yes"
    assert not config.keys() & {"DeviceAllow", "MemoryLimit", "SupplementaryGroups"}


def test_what_is_not_declared_is_refused() -> None:
    folder = golden.folder_of(NAME) / "rocm" / "expected"
    assert "does not exist" in refusal(expression(folder, _asked("coder.modelPath = 1;")), "nix")
