"""The traps that other gateways fell into, each by name: what an API owes its users."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from remuda.gateway.decide import Gateway
from remuda.gateway.directory import Listing, make_directory
from remuda.gateway.keys import Keyring, make_key
from tests.edge.http.harness import GATEWAY, Admission, House, engine, gateway, get, on_loop, post

KEYED = replace(GATEWAY, keyring=Keyring((make_key("roo", "a-secret"),)))


@on_loop
async def test_trap_58_the_list_of_models_tells_how_long_a_context_may_be() -> None:
    listed = Gateway(make_directory([Listing("tiny", "Tiny", "fake", context_length=4096)]))
    async with gateway(decided=listed) as house:
        client = await house.client()
        entry = json.loads((await client.ask(get("/v1/models"))).body)["data"][0]
        assert (entry["id"], entry["context_length"], entry["max_model_len"]) == ("tiny", 4096, 4096)
        assert json.loads((await client.ask(get("/v1/models/tiny"))).body) == entry
        assert house.admission.record == []


def is_openai(error: dict[str, Any]) -> bool:
    return error.keys() == {"error", "source"} and error["error"].keys() == {"message", "type", "param", "code"}


def is_anthropic(error: dict[str, Any]) -> bool:
    inner: dict[str, Any] = error["error"]
    return error == {"type": "error", "error": inner, "source": "remuda"} and inner.keys() == {"type", "message"}


def is_ollama(error: dict[str, Any]) -> bool:
    return error.keys() == {"error", "source"} and isinstance(error["error"], str)


SHAPES = {
    "/v1/chat/completions": is_openai,
    "/v1/responses": is_openai,
    "/v1/embeddings": is_openai,
    "/rerank": is_openai,
    "/v1/messages": is_anthropic,
    "/v1/messages/count_tokens": is_anthropic,
    "/api/chat": is_ollama,
    "/api/embed": is_ollama,
}
CHAT = '{"model":"%s","max_tokens":5,"messages":[{"role":"user","content":"x"}]}'
INPUT = '{"model":"%s","input":"x"}'
AUTHORIZED = "Authorization: Bearer a-secret"
# A request, or the model of one that is right but for that.
WRONGS: dict[str, tuple[bytes | str, int]] = {
    "no key": (post(), 401),
    "no JSON": (post(b"{", AUTHORIZED), 400),
    "an unknown model": ("nobody", 404),
    "another method": (get("/v1/chat/completions", AUTHORIZED, method="PUT"), 405),
    "a compressed body": (post(b"x", AUTHORIZED, "Content-Encoding: gzip"), 415),
    "too long a body": (get("/v1/chat/completions", AUTHORIZED, "Content-Length: 200000000", method="POST"), 413),
    "a dead engine": ("tiny", 502),
}


@pytest.mark.parametrize(("wrong", "status"), WRONGS.values(), ids=WRONGS.keys())
@pytest.mark.parametrize(("path", "is_right"), SHAPES.items(), ids=SHAPES.keys())
@on_loop
async def test_trap_59_every_protocol_has_one_shape_of_errors(
    path: str, is_right: Callable[[dict[str, Any]], bool], wrong: bytes | str, status: int
) -> None:
    if isinstance(wrong, str):
        body = CHAT if path in {"/v1/chat/completions", "/api/chat"} or "messages" in path else INPUT
        wrong = post((body % wrong).encode(), AUTHORIZED)
    async with gateway(decided=KEYED) as house:
        reply = await (await house.client()).ask(wrong.replace(b"/v1/chat/completions", path.encode(), 1))
        assert reply.status == status
        assert is_right(json.loads(reply.body)), reply.body
        assert reply.header("content-type") == "application/json"


@on_loop
async def test_trap_60_to_live_and_to_be_ready_are_two_things() -> None:
    async def statuses(house: House) -> list[int]:
        client = await house.client()
        paths = ("/health", "/ready", "/ready?model=tiny", "/ready?model=nobody")
        return [(await client.ask(get(path))).status for path in paths]

    async with engine() as upstream:
        async with gateway(Admission(upstream.endpoint)) as house:
            assert await statuses(house) == [200, 200, 200, 404]
        async with gateway(Admission(upstream.endpoint, holds=True)) as house:
            assert await statuses(house) == [200, 200, 503, 404]
            assert house.admission.record == []
