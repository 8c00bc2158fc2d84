"""The project's own module for NixOS and its package, evaluated by Nix itself."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from remuda import __version__
from remuda.plan.check import load_fleet
from remuda.render.nix.printer import one_line
from remuda.render.nix.value import value
from remuda.spec.document import load
from tests.render.nix.evaluator import STUBS, VERSIONS, evaluate, evaluate_all, parse, refusal

ROOT = Path(__file__).parents[2]
NIX = ROOT / "nix"
FLEETS = sorted([*(ROOT / "examples").glob("*.yaml"), *(ROOT / "tests" / "render").glob("*/*/remuda.yaml")])


def machine(own: str) -> str:
    """A machine's configuration with this beside the project's module."""
    module = f"{{ lib, pkgs, ... }}: {own}"
    arguments = f"specialArgs = {{ pkgs = import {STUBS}/pkgs.nix; }};"
    return f"""((import {STUBS}/lib.nix).evalModules {{
      modules = [ {STUBS}/nixos.nix {NIX}/module.nix ({module}) ]; {arguments}
    }}).config"""


def shown(settings: str) -> str:
    """The fleet file of a machine with these settings."""
    own = f"{{ services.remuda = {{ enable = true; settings = {settings}; }}; }}"
    return f"let cfg = ({machine(own)}).services.remuda; lib = import {STUBS}/lib.nix; in {_WRITTEN}"


_WRITTEN = "builtins.toJSON (lib.filterAttrs (_: each: each != null) cfg.settings)"


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("file", sorted(NIX.glob("*.nix")), ids=lambda file: file.name)
def test_it_is_nix(file: Path, version: str) -> None:
    parse(file.read_text(), version)


@pytest.mark.parametrize("version", VERSIONS)
def test_every_fleet_of_this_repository_can_be_told_in_options(version: str) -> None:
    fleets = [load(file.read_text(), file.name).data for file in FLEETS]
    found = evaluate_all([shown(one_line(value(fleet))) for fleet in fleets], version)
    assert [json.loads(each) for each in found] == fleets


def test_a_fleet_that_nixos_writes_is_one() -> None:
    text = evaluate(
        shown('{ models.a = { cmd = "a --port ${PORT}"; runtime = "process"; }; }'.replace("${", "\\${")), "nix"
    )
    fleet, _, _ = load_fleet(text, "remuda.yaml")
    assert list(fleet.models) == ["a"]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("{ model = { }; }", "`services.remuda.settings.model` does not exist"),
        ("{ models.a.port = 65536; }", "`services.remuda.settings.models.a.port` is not of type"),
        ("{ models.a.prot = 1; }", "`services.remuda.settings.models.a.prot` does not exist"),
        ("{ gateway.listen = 8080; }", "`services.remuda.settings.gateway.listen` is not of type"),
        ('{ models.a.on_disconnect = "stay"; }', "`services.remuda.settings.models.a.on_disconnect` is not of type"),
    ],
)
def test_nixos_says_what_is_wrong_at_its_option(settings: str, said: str) -> None:
    message = refusal(shown(settings), "nix")
    assert said.replace("`", "") in message.replace("`", "").replace("\x1b[35;1m", "").replace("\x1b[0m", "")


@pytest.mark.parametrize("version", VERSIONS)
def test_the_service_runs_the_fleet_that_was_checked(version: str) -> None:
    own = """{ services.remuda = {
      enable = true; settings.gateway.listen = "0.0.0.0:9000"; openFirewall = true;
      credentials.hf = "/run/secrets/hf"; environmentFile = "/run/secrets/env"; path = [ pkgs.llama-cpp ];
    }; }"""
    found: dict[str, Any] = evaluate(f"let m = {machine(own)}; in {{ inherit (m) systemd users networking; }}", version)
    service = found["systemd"]["services"]["remuda"]
    program, *words = service["serviceConfig"]["ExecStart"].split()
    assert program.endswith("-remuda/bin/remuda")
    assert words[:2] == ["up", "--file"]
    assert words[2].endswith("-remuda.yaml")
    assert service["serviceConfig"]["LoadCredential"] == ["hf:/run/secrets/hf"]
    assert service["serviceConfig"]["EnvironmentFile"] == ["/run/secrets/env"]
    assert service["wantedBy"] == ["multi-user.target"]
    assert found["users"]["users"]["remuda"]["extraGroups"] == ["render", "video"]
    assert found["networking"]["firewall"]["allowedTCPPorts"] == [9000]


@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_not_enabled_changes_nothing(version: str) -> None:
    found = evaluate(
        f"let m = {machine('{ }')}; in {{ inherit (m) users networking; inherit (m.systemd) services; }}", version
    )
    assert (found["services"], found["users"]["users"], found["networking"]["firewall"]["allowedTCPPorts"]) == (
        {},
        {},
        [],
    )


@pytest.mark.parametrize("version", VERSIONS)
def test_the_package_is_this_project(version: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    text = f"let p = (import {STUBS}/pkgs.nix).callPackage {NIX}/package.nix {{ }}; in"
    found = evaluate(f"{text} {{ inherit (p) pname version; names = map (each: each.name) p.dependencies; }}", version)
    needed = {Requirement(each).name.replace(".", "-") for each in project["dependencies"]}
    assert found == {"pname": "remuda", "version": __version__, "names": sorted(needed)}
