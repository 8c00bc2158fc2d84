from pathlib import Path

import pytest

from remuda.daemon.gateway import gateway_of
from remuda.edge.secrets import Resolver
from remuda.errors import EffectError
from remuda.facts.host import Device, Host
from remuda.gateway.decide import Gateway
from remuda.plan.check import load_fleet
from remuda.plan.plan import decide

TEXT = """
gateway: {keys: [{name: roo, secret: "${env:ROO}", models: ["a*"]}]}
models:
  alpha: {engine: llama-cpp, model: a.gguf, aliases: [first]}
  beta: {engine: llama-cpp, model: b.gguf}
  gone: {engine: llama-cpp, model: c.gguf, enabled: false}
routes: {lane: alpha, canary: {split: {alpha: 1, beta: 1}}}
lint: {model_ids: "off"}
"""


def gateway(environment: dict[str, str], *only: str) -> Gateway:
    fleet, _, _ = load_fleet(TEXT, "remuda.yaml")
    plan = decide(fleet, Host((Device("cpu", "CPU", 1, 1),)), only=only)
    return gateway_of(fleet, plan, Resolver(Path(), environment), 1)


def test_every_planned_name_leads_to_its_models() -> None:
    leads = gateway({"ROO": "s"}).directory.leads
    assert {name: lead.models for name, lead in leads.items()} == {
        "alpha": ("alpha",),
        "beta": ("beta",),
        "first": ("alpha",),
        "lane": ("alpha",),
        "canary": ("alpha", "beta"),
    }


def test_a_narrowed_plan_narrows_the_routes() -> None:
    assert gateway({"ROO": "s"}, "beta").directory.leads["canary"].models == ("beta",)


def test_keys_are_resolved_and_found_by_their_secret() -> None:
    keyring = gateway({"ROO": "s3cret"}).keyring
    found = keyring.find(b"s3cret")
    assert found is not None
    assert (found.name, found.allows("alpha"), found.allows("beta")) == ("roo", True, False)
    assert keyring.find(b"${env:ROO}") is None


def test_a_key_that_cannot_be_resolved_is_an_error() -> None:
    with pytest.raises(EffectError, match="ROO"):
        gateway({})
