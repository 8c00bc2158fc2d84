from typing import Any

import pytest

from remuda.facts.host import Host
from remuda.plan.check import load_fleet
from remuda.render.contract import Request
from remuda.render.llama_swap.model import model, peer, problems
from remuda.render.llama_swap.process import process


def made(keys: str) -> dict[str, Any]:
    fleet, _, _ = load_fleet(f"models: {{a: {{{keys}}}}}", "remuda.yaml")
    (one,) = Request(fleet).models()
    return peer(one) if one.entry.url else model(fleet, one, process(one, Host(())))


def said(keys: str) -> list[str | int]:
    fleet, _, _ = load_fleet(f"models: {{a: {{{keys}}}}}", "remuda.yaml")
    (one,) = Request(fleet).models()
    return [problem.path[-1] for problem in problems(one)]


@pytest.mark.parametrize(("ttl", "seconds"), [("never", 0), ("15m", 900), ("0", 1), ("500ms", 1)])
def test_an_idle_time_of_0_is_never(ttl: str, seconds: int) -> None:
    assert made(f"engine: vllm, model: x/y, ttl: {ttl}")["ttl"] == seconds


def test_the_name_that_the_engine_expects_is_sent_to_it() -> None:
    assert made("engine: ollama, model: 'qwen3:8b'")["useModelName"] == "qwen3:8b"
    assert "useModelName" not in made("engine: vllm, model: x/y")


def test_a_peer_gets_the_key_and_the_filters() -> None:
    keys = 'url: "http://x", strip_params: [top_p], upstream_headers: {Authorization: "Bearer ${env:K}"}'
    assert made(keys) == {
        "proxy": "http://x",
        "apiKey": "${env.K}",
        "models": ["a"],
        "filters": {"stripParams": "top_p"},
    }


@pytest.mark.parametrize(
    ("keys", "at"),
    [
        ('engine: vllm, model: x/y, settings: {a: "${env:K}"}', "a"),
        ('engine: vllm, model: x/y, environment: {A: "${file:/k}"}', "A"),
        ('engine: vllm, model: x/y, environment: {A: "$${K}"}', "A"),
        ("engine: vllm, model: x/y, strip_params: [a.b]", 0),
        (f"engine: vllm, model: x/y, name: {'x' * 129}", "name"),
        ('url: "http://x", upstream_headers: {Authorization: "Basic ${env:K}"}', "Authorization"),
        ('url: "http://x", served_name: b', "a"),
        ('url: "http://x", unlisted: true', "unlisted"),
    ],
)
def test_what_cannot_be_said(keys: str, at: str | int) -> None:
    assert said(keys) == [at]
