"""The clients that people use, against llama.cpp through the gateway, each in its own protocol."""

from __future__ import annotations

import contextlib
import json
import ssl
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import anthropic
import ollama
import openai
import pytest
import trustme

from remuda.edge.tiny_gguf import write_tiny_model
from tests.end_to_end.daemon_process import Daemon, Home

FLEET = """
models:
  tiny: {engine: llama-cpp, model: range.gguf, devices: [cpu], settings: {ctx-size: 4096}, capabilities: [chat, tools]}
  vectors: {engine: llama-cpp, model: sea.gguf, devices: [cpu], settings: {embeddings: true, pooling: mean}}
routes:
  short: {model: tiny, set_params: {max_tokens: 3}}
residency: {sets: {both: tiny & vectors}}
lint: {model_ids: 'off'}
"""
HELLO: list[Any] = [{"role": "user", "content": "hello"}]
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    directory = tmp_path_factory.mktemp("clients")
    for theme in ("range", "sea"):
        write_tiny_model(directory / f"{theme}.gguf", theme)
    home = Home(directory)
    with home.up(home.fleet(FLEET)) as daemon:
        yield daemon


@pytest.fixture
def openai_client(daemon: Daemon) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{daemon.url}/v1", api_key="none", max_retries=0, timeout=30) as client:
        yield client


@pytest.fixture
def anthropic_client(daemon: Daemon) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=daemon.url, api_key="none", max_retries=0, timeout=30) as client:
        yield client


@pytest.fixture
def ollama_client(daemon: Daemon) -> Iterator[ollama.Client]:
    client = ollama.Client(host=daemon.url)
    yield client
    client._client.close()  # noqa: SLF001  it has no other way


def page(daemon: Daemon, path: str) -> str:
    with urllib.request.urlopen(f"{daemon.url}{path}", timeout=10) as response:  # noqa: S310
        text: str = response.read().decode()
    return text


def in_flight(daemon: Daemon) -> float:
    lines = page(daemon, "/metrics").splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith("remuda_requests_in_flight{"))


# OpenAI


def test_openai_chat(openai_client: openai.OpenAI) -> None:
    answer = openai_client.chat.completions.create(model="tiny", messages=HELLO, max_tokens=6)
    assert answer.choices[0].message.content
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 6


def test_openai_stream(openai_client: openai.OpenAI) -> None:
    options: Any = {"include_usage": True}
    with openai_client.chat.completions.create(
        model="tiny", messages=HELLO, max_tokens=6, stream=True, stream_options=options
    ) as stream:
        chunks = list(stream)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert chunks[-1].usage is not None


def test_openai_tools(openai_client: openai.OpenAI) -> None:
    tools: Any = [{"type": "function", "function": {"name": "weather", "parameters": PARAMETERS}}]
    call = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Oslo"}'}}
    history: list[Any] = [
        *HELLO,
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "rain"},
    ]
    answer = openai_client.chat.completions.create(model="tiny", messages=history, tools=tools, max_tokens=6)
    assert answer.choices[0].finish_reason in {"length", "stop", "tool_calls"}


def test_openai_embeddings(openai_client: openai.OpenAI) -> None:
    found = openai_client.embeddings.create(model="vectors", input=["one", "two"])
    assert [len(item.embedding) > 0 for item in found.data] == [True, True]


def test_openai_responses(openai_client: openai.OpenAI) -> None:
    answer = openai_client.responses.create(model="tiny", input="hello", max_output_tokens=6)
    assert answer.output_text
    assert answer.status == "incomplete"
    with openai_client.responses.stream(model="tiny", input="hello", max_output_tokens=6) as stream:
        names = [event.type for event in stream]
    assert (names[0], names[-1]) == ("response.created", "response.incomplete")


def test_openai_errors(openai_client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as missing:
        openai_client.chat.completions.create(model="tinny", messages=HELLO)
    assert (missing.value.code, missing.value.param) == ("model_not_found", "model")
    assert "did you mean `tiny`?" in missing.value.message
    with pytest.raises(openai.BadRequestError):
        openai_client.chat.completions.create(model="tiny", messages=HELLO, extra_body={"temperature": "warm"})


def test_openai_models(openai_client: openai.OpenAI) -> None:
    assert [model.id for model in openai_client.models.list()] == ["short", "tiny", "vectors"]
    entry = openai_client.models.retrieve("tiny").to_dict()
    assert entry["context_length"] == 4096
    assert entry["remuda"]["capabilities"] == ["chat", "tools"]  # type: ignore[index]


def test_a_lane_changes_what_is_asked(openai_client: openai.OpenAI) -> None:
    answer = openai_client.chat.completions.create(model="short", messages=HELLO, max_tokens=50)
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 3


# Anthropic


def test_anthropic_messages(anthropic_client: anthropic.Anthropic) -> None:
    answer = anthropic_client.messages.create(model="tiny", max_tokens=6, messages=HELLO)
    assert answer.content[0].type == "text"
    assert (answer.stop_reason, answer.usage.output_tokens) == ("max_tokens", 6)


def test_anthropic_stream(anthropic_client: anthropic.Anthropic) -> None:
    with anthropic_client.messages.stream(model="tiny", max_tokens=6, messages=HELLO) as stream:
        assert "".join(stream.text_stream)
        assert stream.get_final_message().usage.output_tokens == 6


def test_anthropic_tools(anthropic_client: anthropic.Anthropic) -> None:
    history: list[Any] = [
        *HELLO,
        {
            "role": "assistant",
            "content": [{"type": "tool_use", "id": "t1", "name": "weather", "input": {"city": "Oslo"}}],
        },
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "rain"}]},
    ]
    tools: Any = [{"name": "weather", "input_schema": PARAMETERS}]
    answer = anthropic_client.messages.create(model="tiny", max_tokens=6, messages=history, tools=tools)
    assert answer.content


def test_anthropic_counts_tokens_and_lists_models(anthropic_client: anthropic.Anthropic) -> None:
    assert anthropic_client.messages.count_tokens(model="tiny", messages=HELLO).input_tokens > 1
    assert [model.id for model in anthropic_client.models.list()] == ["short", "tiny", "vectors"]


def test_anthropic_errors(anthropic_client: anthropic.Anthropic) -> None:
    with pytest.raises(anthropic.NotFoundError) as missing:
        anthropic_client.messages.create(model="tinny", max_tokens=6, messages=HELLO)
    body: Any = missing.value.body
    assert (body["type"], body["error"]["type"]) == ("error", "not_found_error")


# Ollama


def test_ollama_chat(ollama_client: ollama.Client) -> None:
    answer = ollama_client.chat("tiny", HELLO, options={"num_predict": 6})
    assert answer.message.content
    assert (answer.done, answer.eval_count) == (True, 6)
    pieces = list(ollama_client.chat("tiny:latest", HELLO, options={"num_predict": 6}, stream=True))
    assert "".join(piece.message.content or "" for piece in pieces)
    assert [piece.done for piece in pieces][-2:] == [False, True]


def test_ollama_tools(ollama_client: ollama.Client) -> None:
    tools = [{"type": "function", "function": {"name": "weather", "description": "x", "parameters": PARAMETERS}}]
    history: list[Any] = [
        *HELLO,
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [{"function": {"name": "weather", "arguments": {"city": "Oslo"}}}],
        },
        {"role": "tool", "tool_name": "weather", "content": "rain"},
    ]
    assert ollama_client.chat("tiny", history, tools=tools, options={"num_predict": 6}).done


def test_ollama_generate_and_embed(ollama_client: ollama.Client) -> None:
    assert ollama_client.generate("tiny", "hello", options={"num_predict": 4}).response
    assert len(ollama_client.embed("vectors", ["one", "two"]).embeddings) == 2


def test_ollama_lists_loads_and_unloads(ollama_client: ollama.Client) -> None:
    assert "tiny" in [model.model for model in ollama_client.list().models]
    assert ollama_client.show("tiny").capabilities == ["tools"]
    assert ollama_client.generate("tiny", keep_alive="10m").done_reason == "load"
    assert "tiny" in [model.model for model in ollama_client.ps().models]
    assert ollama_client.generate("tiny", keep_alive=0).done_reason == "unload"
    deadline = time.monotonic() + 10
    while "tiny" in [model.model for model in ollama_client.ps().models]:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_ollama_errors(ollama_client: ollama.Client) -> None:
    with pytest.raises(ollama.ResponseError, match="did you mean `tiny`") as missing:
        ollama_client.chat("tinny", HELLO)
    assert missing.value.status_code == 404


# All of them


def test_a_client_that_leaves_cancels_its_request(daemon: Daemon, openai_client: openai.OpenAI) -> None:
    for _ in range(5):
        with openai_client.chat.completions.create(model="tiny", messages=HELLO, max_tokens=900, stream=True) as stream:
            next(iter(stream))
    deadline = time.monotonic() + 10
    while in_flight(daemon):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    left = [row for row in json.loads(page(daemon, "/api/requests"))["requests"] if row["status"] == 499]
    assert len(left) >= 1


def test_metrics_hold_the_gateways_and_the_engines(daemon: Daemon, openai_client: openai.OpenAI) -> None:
    openai_client.chat.completions.create(model="tiny", messages=HELLO, max_tokens=2)
    text = page(daemon, "/metrics")
    assert 'remuda_requests_total{key="",model="tiny",status="200"}' in text
    assert "llamacpp:" in text
    engines = [line for line in text.splitlines() if line.startswith("llamacpp:")]
    assert all('model="' in line and 'engine="llama-cpp"' in line for line in engines)


# On a network


@pytest.fixture
def trust(home: Home) -> ssl.SSLContext:
    """A certificate for this machine in the user's directory, and what trusts it."""
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost", "127.0.0.1")
    certificate.private_key_pem.write_to_path(home.path / "tls.key")
    certificate.cert_chain_pems[0].write_to_path(home.path / "tls.crt")
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def test_https_with_keys(home: Home, trust: ssl.SSLContext) -> None:
    (home.path / "roo.key").write_text("s3cret")
    (home.path / "boss.key").write_text("b0ss")
    text = (
        FLEET
        + """
gateway:
  tls: {cert: tls.crt, key: tls.key}
  access_log: access.jsonl
  keys:
  - {name: roo, secret: "${file:roo.key}", models: [tiny], requests_per_minute: 3}
  - {name: boss, secret: "${file:boss.key}", admin: true}
"""
    )
    with contextlib.ExitStack() as stack:
        daemon = stack.enter_context(home.up(home.fleet(text)))
        assert daemon.url.startswith("https://")
        trusting = openai.DefaultHttpxClient(verify=trust)
        client = stack.enter_context(
            openai.OpenAI(base_url=f"{daemon.url}/v1", api_key="s3cret", max_retries=0, http_client=trusting)
        )
        assert client.chat.completions.create(model="tiny", messages=HELLO, max_tokens=3).choices
        with pytest.raises(openai.PermissionDeniedError):
            client.embeddings.create(model="vectors", input="x")
        with client.chat.completions.create(model="tiny", messages=HELLO, max_tokens=3, stream=True) as stream:
            assert list(stream)
        client.chat.completions.create(model="tiny", messages=HELLO, max_tokens=3)
        with pytest.raises(openai.RateLimitError):
            client.chat.completions.create(model="tiny", messages=HELLO, max_tokens=3)
        assert trusting.get(f"{daemon.url}/metrics", headers={"authorization": "Bearer s3cret"}).status_code == 403
        assert trusting.get(f"{daemon.url}/metrics", headers={"authorization": "Bearer b0ss"}).status_code == 200
        assert trusting.get(f"{daemon.url}/metrics", auth=("any", "b0ss")).status_code == 200
        (home.path / "boss.key").write_text("changed")
        assert home.run("reload", "-f", home.path / "remuda.yaml").returncode == 0
        assert trusting.get(f"{daemon.url}/running", headers={"x-api-key": "b0ss"}).status_code == 401
        assert trusting.get(f"{daemon.url}/running", headers={"x-api-key": "changed"}).status_code == 200
    rows = [json.loads(line) for line in (home.path / "access.jsonl").read_text().splitlines()]
    assert {row["key"] for row in rows} == {"roo", "boss", ""}
    assert "s3cret" not in (home.path / "access.jsonl").read_text()
