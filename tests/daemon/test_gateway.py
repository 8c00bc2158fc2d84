import math
from pathlib import Path

import pytest

from remuda.daemon.gateway import gateway_of, limits_of, tls_of
from remuda.edge.secrets import Resolver
from remuda.errors import EffectError
from remuda.facts.device import Device
from remuda.facts.host import Host
from remuda.gateway.decide import Gateway
from remuda.gateway.keys import Scope
from remuda.gateway.live import Nothing
from remuda.gateway.quota import Quota
from remuda.plan.check import load_fleet
from remuda.plan.plan import decide
from remuda.spec.gateway import Tls
from remuda.spec.limits import Limits

TEXT = """
gateway: {keys: [{name: roo, secret: "${env:ROO}", models: ["a*"]}]}
models:
  alpha: {engine: llama-cpp, model: a.gguf, aliases: [first]}
  beta: {engine: llama-cpp, model: b.gguf}
  gone: {engine: llama-cpp, model: c.gguf, enabled: false}
routes: {lane: alpha, canary: {split: {alpha: 1, beta: 1}}}
lint: {model_ids: "off"}
"""


def gateway(environment: dict[str, str], *only: str, text: str = TEXT) -> Gateway:
    fleet, _, _ = load_fleet(text, "remuda.yaml")
    plan = decide(fleet, Host((Device("cpu", "CPU", 1, 1),)), only=only)
    return gateway_of(fleet, plan.instances, Resolver(Path(), environment), Nothing(), 1)


def test_every_planned_name_leads_to_its_models() -> None:
    nodes = gateway({"ROO": "s"}).directory.nodes
    assert {name: node.models for name, node in nodes.items()} == {
        "alpha": ("alpha",),
        "beta": ("beta",),
        "first": ("alpha",),
        "lane": ("alpha",),
        "canary": ("alpha", "beta"),
    }


def test_a_narrowed_plan_narrows_the_routes() -> None:
    assert gateway({"ROO": "s"}, "beta").directory.nodes["canary"].models == ("beta",)


def test_keys_are_resolved_and_found_by_their_secret() -> None:
    keyring = gateway({"ROO": "s3cret"}).keyring
    found = keyring.find(b"s3cret")
    assert found is not None
    assert (found.name, found.allows("alpha"), found.allows("beta")) == ("roo", True, False)
    assert keyring.find(b"${env:ROO}") is None


def test_a_key_that_cannot_be_resolved_is_an_error() -> None:
    with pytest.raises(EffectError, match="ROO"):
        gateway({})


def test_what_a_key_may_do_comes_from_the_file() -> None:
    text = TEXT.replace('models: ["a*"]', "admin: true, requests_per_minute: 5, tokens_per_minute: 6, priority: 7")
    found = gateway({"ROO": "s"}, text=text).keyring.find(b"s")
    assert found is not None
    assert found.scope == Scope(is_admin=True, quota=Quota(5, 6), priority=7)


def test_headers_for_an_engine_are_resolved_and_must_be_one_line() -> None:
    text = TEXT.replace("model: a.gguf", 'model: a.gguf, upstream_headers: {X-Team: "team ${env:TEAM}"}')
    traits = gateway({"ROO": "s", "TEAM": "red"}, text=text).traits_of("alpha")
    assert traits.headers == {b"x-team": b"team red"}
    with pytest.raises(EffectError, match="upstream_headers") as caught:
        gateway({"ROO": "s", "TEAM": "red\r\nx-evil: 1"}, text=text)
    assert "evil" not in caught.value.message


def test_bounds_come_from_the_file() -> None:
    limits = limits_of(Limits.model_validate({"queue": 3, "head_timeout": "5s", "idle_timeout": "never"}))
    assert (limits.queue, limits.head_s, limits.keep_alive_s, limits.first_byte_s) == (3, 5.0, math.inf, None)
    assert limits.sweep_s <= 1


def test_a_certificate_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "tls.crt").write_text("nothing")
    with pytest.raises(EffectError, match=r"tls\.crt") as caught:
        tls_of(Tls(cert="tls.crt", key="tls.key"), tmp_path)
    assert caught.value.hint is not None


def test_an_engine_that_is_put_to_sleep_shows_clients_only_what_is_harmless() -> None:
    text = "models: {a: {engine: vllm, model: o/a, sleep: 2}, b: {engine: vllm, model: o/b}}\nlint: {model_ids: 'off'}"
    made = gateway({}, text=text)
    assert made.traits_of("a").allows(b"/v1/score")
    for path in (b"/sleep", b"/wake_up", b"/collective_rpc", b"/reset_prefix_cache", b"/pause", b"/server_info"):
        assert not made.traits_of("a").allows(path)
        assert made.traits_of("b").allows(path)
