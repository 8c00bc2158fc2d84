from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from remuda.engines import ENGINES
from remuda.engines.contract import Order
from remuda.plan.check import load_fleet
from remuda.quoting.systemd import split
from remuda.render.contract import Request
from remuda.render.nixos.target import FILE, NAME, render
from tests.render import golden
from tests.render.nix.evaluator import STUBS, VERSIONS, evaluate, parse

HERE = Path(__file__).parent
UNITS = golden.folder_of("quadlet") / "seed-001" / "expected" / "etc" / "containers" / "systemd"


def configured(case: str, version: str) -> dict[str, Any]:
    """All of a machine's configuration that has the module of a case."""
    file = HERE / case / "expected" / FILE
    parse(file.read_text(), version)
    modules = f"modules = [ {STUBS}/nixos.nix {file} ]; specialArgs = {{ pkgs = import {STUBS}/pkgs.nix; }};"
    found = evaluate(f"((import {STUBS}/lib.nix).evalModules {{ {modules} }}).config", version)
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("case", golden.cases(NAME))
def test_case(case: str) -> None:
    golden.check(NAME, case)


@pytest.mark.parametrize("version", VERSIONS)
def test_units_are_the_same_as_without_nixos(version: str) -> None:
    found = configured("rootless", version)
    expected = {
        f"containers/systemd/{file.relative_to(UNITS)}": file.read_text() for file in UNITS.rglob("*.container")
    }
    assert {name: file["text"] for name, file in found["environment"]["etc"].items()} == expected
    assert found["virtualisation"]["podman"]["enable"]
    for kind, generators in (
        ("system", found["systemd"]["generators"]),
        ("user", found["systemd"]["user"]["generators"]),
    ):
        (path,) = generators.values()
        assert path.endswith(f"-podman/lib/systemd/{kind}-generators/podman-{kind}-generator")


@pytest.mark.parametrize("version", VERSIONS)
def test_their_user_is_the_one_that_was_asked_for(version: str) -> None:
    found = configured("rootless", version)
    user = found["users"]["users"]["vllm"]
    assert (user["uid"], user["group"], found["users"]["groups"]) == (503, "vllm", {"vllm": {"gid": 503}})
    assert (user["isSystemUser"], user["linger"], user["home"]) == (True, True, "/var/lib/vllm")
    assert user["shell"] == "/run/current-system/sw/bin/bash"
    assert user["subUidRanges"] == [{"startUid": 300000, "count": 65536}]
    assert user["subGidRanges"] == [{"startGid": 300000, "count": 65536}]
    rules = [f"d {directory} 0700 vllm vllm" for directory in ("/var/lib/vllm", "/var/cache/vllm")]
    assert found["systemd"]["tmpfiles"]["rules"] == rules
    assert found["hardware"]["nvidia-container-toolkit"]["enable"]
    assert found["networking"]["firewall"] == {"enable": True, "allowedTCPPorts": []}
    assert found["nixpkgs"]["config"] == {}


@pytest.mark.parametrize("version", VERSIONS)
def test_a_model_of_each_runtime(version: str) -> None:
    found = configured("everything", version)
    assert list(found["environment"]["etc"]) == ["containers/systemd/vllm-rootful.container"]
    docker = found["virtualisation"]["oci-containers"]
    assert (docker["backend"], list(docker["containers"])) == ("docker", ["llama-cpp-in-docker"])
    container = docker["containers"]["llama-cpp-in-docker"]
    order = Order("in-docker", ("/app/llama-server",), "0.0.0.0", 18002, model="/srv/a.gguf")  # noqa: S104
    assert [container["entrypoint"], *container["cmd"]] == list(ENGINES["llama-cpp"].launch(order).argv)
    assert container["ports"] == ["127.0.0.1:18002:18002"]
    assert {"--device=/dev/kfd", "--memory=8589934592", "--cpus=2"} <= set(container["extraOptions"])
    assert set(found["systemd"]["services"]) == {"llama-cpp-plain", "command-own", "llama-cpp-unit"}
    assert found["nixpkgs"]["config"] == {"cudaSupport": True, "rocmSupport": True}
    assert set(found["users"]["users"]) == {"remuda-llama-cpp", "remuda-command"}


@pytest.mark.parametrize("version", VERSIONS)
def test_a_service_runs_what_remuda_would(version: str) -> None:
    services = configured("everything", version)["systemd"]["services"]
    service = services["llama-cpp-plain"]
    program, first, engine, *words = split(service["serviceConfig"]["ExecStart"], "systemd")
    assert program.endswith("-coreutils/bin/env")
    assert first.replace("$$", "$").replace("%%", "%") == "A=100% $HOME 'q'"
    assert engine.endswith("-llama-cpp/bin/llama-server")
    order = Order("plain", ("it",), "127.0.0.1", 18003, model="/srv/b.gguf")
    assert ["it", *words] == list(ENGINES["llama-cpp"].launch(order).argv)
    assert service["environment"]["CUDA_VISIBLE_DEVICES"] == "1"
    assert service["environment"]["A"] == "100%% $HOME 'q'"
    assert service["serviceConfig"]["SupplementaryGroups"] == ["render", "video"]
    own = services["command-own"]["serviceConfig"]
    assert (own["ExecStart"], own["PrivateDevices"]) == ('/opt/whisper/server --port 18004 --say "a b"', True)
    assert (own["MemoryMax"], own["CPUQuota"]) == (2**30, "150%")


def test_the_same_fleet_gives_the_same_bytes() -> None:
    fleet, _, _ = load_fleet((HERE / "everything" / "remuda.yaml").read_bytes(), "remuda.yaml")
    assert render(Request(fleet)).files == render(Request(fleet)).files
