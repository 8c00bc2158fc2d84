import json
from typing import Any

import pytest

from remuda.plan.check import load_fleet
from remuda.render.contract import Request
from remuda.render.llmhop import FIRST, SECOND, render
from tests.render import golden


@pytest.mark.parametrize("case", golden.cases("llmhop"))
def test_case(case: str) -> None:
    golden.check("llmhop", case)


def made(text: str) -> dict[str, Any]:
    fleet, _, _ = load_fleet(text, "remuda.yaml")
    return {path.name: json.loads(text) for path, text in render(Request(fleet)).files.items()}


def test_each_release_is_told_in_its_own_words() -> None:
    secrets = '[{name: a, secret: "${cred:key}"}, {name: b, secret: "${env:B}"}, {name: c, secret: "${file:/c}"}]'
    headers = '{Authorization: "Bearer ${cred:far}"}'
    found = made(f'gateway: {{keys: {secrets}}}\nmodels: {{a: {{url: "http://x:1/p", upstream_headers: {headers}}}}}')
    first, second = found[FIRST.name], found[SECOND.name]
    assert first["listen"] == "127.0.0.1:8080"
    assert (second["host"], second["port"]) == ("127.0.0.1", 8080)
    assert first["authTokens"] == ["${file:key}", "${env:B}", "${file:/c}"]
    assert second["authTokens"] == ["${cred:key}", "${env:B}", "${file:/c}"]
    assert first["models"] == {"a": {"url": "http://x:1/p", "headers": {"Authorization": "Bearer ${file:far}"}}}
    assert second["models"] == {"a": {"url": "http://x:1/p", "headers": {"Authorization": "Bearer ${cred:far}"}}}
    assert first.keys() == {"listen", "maxBodyBytes", "authTokens", "models"}
    assert second.keys() == {"host", "port", "maxBodyBytes", "maxConcurrentRequests", "authTokens", "models"}


def test_a_dollar_is_doubled_for_the_second_and_keeps_the_first_from_being_rendered() -> None:
    found = made('models: {a: {url: "http://x", upstream_headers: {X: "$$5"}}}')
    assert found.keys() == {SECOND.name}
    assert found[SECOND.name]["models"]["a"]["headers"] == {"X": "$$5"}


def test_every_name_that_the_engine_answers_to_leads_to_its_port() -> None:
    models = "{a: {engine: llama-cpp, model: /m.gguf, aliases: [b]}, v: {engine: vllm, model: x/y, port: 9000}}"
    found = made(f"models: {models}\nroutes: {{c: d, d: b}}\nlint: {{model_ids: off}}")
    urls = {name: model["url"] for name, model in found[FIRST.name]["models"].items()}
    assert urls == {**dict.fromkeys("abcd", "http://127.0.0.1:18001"), "v": "http://127.0.0.1:9000"}
