from collections.abc import Mapping

import pytest
from pydantic import BaseModel

from remuda.plan.check import load_fleet
from remuda.render import llmhop
from remuda.render.compose import target as compose
from remuda.render.contract import Request
from remuda.render.flake import target as flake
from remuda.render.llama_swap import target as llama_swap
from remuda.render.nixos import target as nixos
from remuda.render.systemd import target as systemd
from remuda.render.unsaid import Unsaid, is_set
from remuda.spec.engine import EngineDefaults
from remuda.spec.fleet import Residency
from remuda.spec.gateway import Gateway, Key
from remuda.spec.model import Model


def keys(section: type[BaseModel]) -> set[str]:
    return {field.alias or name for name, field in section.model_fields.items()}


SAID: Mapping[str, Mapping[type[BaseModel], str]] = {
    compose.UNSAID.program: {
        Model: """name engine runtime model served_name cmd ready url devices settings environment environment_file
            image tag digest shm_size volumes network steps executable port memory priority preload always_on enabled
            unit aliases strip_params set_params timings on_disconnect capabilities context_length metadata
            upstream_headers unlisted limits source""",
        EngineDefaults: """image tag digest devices environment environment_file settings executable open_files_limit
            startup_ordering""",
        Residency: "",
        Gateway: "listen keys tls access_log limits",
        Key: "name secret models admin requests_per_minute tokens_per_minute concurrency priority",
    },
    llama_swap.UNSAID.program: {
        Model: """name engine runtime model served_name cmd ready url devices settings environment environment_file
            image tag digest shm_size volumes network steps executable port ttl priority preload enabled unit aliases
            strip_params set_params capabilities context_length metadata upstream_headers unlisted limits source""",
        EngineDefaults: "image tag digest devices environment environment_file settings executable",
        Residency: "sets groups evict_costs",
        Gateway: "listen keys tls",
        Key: "name secret admin",
    },
    llmhop.UNSAID.program: {
        Model: """engine runtime model served_name cmd ready url devices settings environment environment_file image tag
            digest shm_size volumes network steps executable port memory enabled unit aliases upstream_headers unlisted
            limits source""",
        EngineDefaults: " ".join(keys(EngineDefaults)),
        Residency: "",
        Gateway: "listen keys tls",
        Key: "name secret",
    },
    flake.UNSAID.program: {
        Model: """name engine runtime model served_name cmd url devices settings environment environment_file steps
            executable port enabled unit upstream_headers limits source""",
        EngineDefaults: "devices environment environment_file settings executable",
        Residency: "",
        Gateway: "",
        Key: " ".join(keys(Key)),
    },
    nixos.UNSAID.program: {
        Model: """name engine runtime model served_name cmd ready url devices settings environment environment_file
            image tag digest shm_size volumes network steps executable port enabled unit limits source""",
        EngineDefaults: " ".join(keys(EngineDefaults)),
        Residency: "",
        Gateway: "",
        Key: " ".join(keys(Key)),
    },
    # What says how models take turns is the gateway's, which has the whole file.
    systemd.UNSAID.program: {
        Model: " ".join(keys(Model)),
        EngineDefaults: " ".join(keys(EngineDefaults) - {"startup_ordering"}),
        Residency: " ".join(keys(Residency)),
        Gateway: " ".join(keys(Gateway)),
        Key: " ".join(keys(Key)),
    },
}
"""What each target renders, or has no need of."""


@pytest.mark.parametrize(
    "unsaid",
    [compose.UNSAID, llama_swap.UNSAID, llmhop.UNSAID, nixos.UNSAID, systemd.UNSAID, flake.UNSAID],
    ids=lambda unsaid: unsaid.program,
)
def test_every_key_is_rendered_or_told(unsaid: Unsaid) -> None:
    told: dict[type[BaseModel], Mapping[str, str]] = {
        Model: unsaid.model,
        EngineDefaults: unsaid.engine,
        Residency: unsaid.residency,
        Gateway: unsaid.gateway,
        Key: unsaid.key,
    }
    for section, said in SAID[unsaid.program].items():
        assert keys(section) - set(said.split()) == told[section].keys(), section
        assert set(said.split()) <= keys(section)


def test_only_what_is_set_is_told_at_its_place() -> None:
    own = {"a": "ttl: never", "b": "ttl: 5m", "c": "ttl: 1m, enabled: false"}
    text = "".join(f'  {name}: {{cmd: "x ${{PORT}}", {keys}}}\n' for name, keys in own.items())
    fleet, _, _ = load_fleet(f"models:\n{text}", "remuda.yaml")
    found = list(Unsaid(program="nothing", model={"ttl": "why"}).problems(Request(fleet)))
    assert [(problem.path, problem.message, problem.severity) for problem in found] == [
        (("models", "b", "ttl"), "`models.b.ttl` is not rendered for nothing: why", "warning")
    ]


def test_a_key_that_is_none() -> None:
    with pytest.raises(KeyError):
        is_set(Residency(), "nonsense")
