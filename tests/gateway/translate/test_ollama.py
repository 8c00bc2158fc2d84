from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ollama import ChatResponse, EmbeddingsResponse, EmbedResponse, GenerateResponse

from remuda.gateway.shapes import Fault
from remuda.gateway.translate.ollama import KeepAlive, OllamaRequest, bare_reply, shown_name, translate

HELLO = [{"role": "user", "content": "hello"}]
PATHS: dict[str, dict[str, Any]] = {
    "/api/chat": {"messages": HELLO},
    "/api/generate": {"prompt": "hello"},
    "/api/embed": {"input": "hello"},
    "/api/embeddings": {"prompt": "hello"},
}


def read(path: str, **members: Any) -> OllamaRequest | Fault:
    return translate(path.encode(), bytearray(json.dumps({"model": "m", **members}).encode()), lambda: 0.0)


@pytest.mark.parametrize("path", PATHS)
def test_a_request_is_translated(path: str) -> None:
    found = read(path, **PATHS[path])
    assert isinstance(found, OllamaRequest)
    assert (found.model, found.keep_alive, found.is_stream) == ("m", None, "embed" not in path)
    assert found.translation is not None


def test_the_way_back_is_there() -> None:
    found = read("/api/chat", **PATHS["/api/chat"])
    assert isinstance(found, OllamaRequest)
    assert found.translation is not None
    assert not isinstance(found.translation, Fault)
    assert found.translation.events().content_type == b"application/x-ndjson"
    status, body = found.translation.whole(200, b'{"choices":[{"message":{"content":"hi"}}]}')
    assert (status, ChatResponse.model_validate_json(body).message.content) == (200, "hi")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("keep_alive", "ttl_s"),
    [
        (0, 0.0),
        ("0", 0.0),
        ("0s", 0.0),
        (90, 90.0),
        (1.5, 1.5),
        ("5m", 300.0),
        ("1h30m", 5400.0),
        (-1, None),
        ("-1s", None),
        ("-1m", None),
        (1e300, None),
        ("9" * 400 + "h", None),
    ],
)
def test_keep_alive_is_read_as_ollama_reads_it(path: str, keep_alive: float | str, ttl_s: float | None) -> None:
    found = read(path, keep_alive=keep_alive, **PATHS[path])
    assert isinstance(found, OllamaRequest)
    assert found.keep_alive == KeepAlive(ttl_s)


@pytest.mark.parametrize("keep_alive", ["", "5", "-1", "soon"])
def test_a_keep_alive_that_is_no_duration_is_refused(keep_alive: str) -> None:
    found = read("/api/chat", keep_alive=keep_alive)
    assert isinstance(found, Fault)
    assert (found.status, found.param) == (400, "keep_alive")
    assert f"`{keep_alive}`" in found.message


@pytest.mark.parametrize(
    ("path", "members"),
    [
        ("/api/chat", {}),
        ("/api/chat", {"messages": []}),
        ("/api/chat", {"messages": None}),
        ("/api/generate", {}),
        ("/api/generate", {"prompt": "", "system": "s"}),
        ("/api/embed", {}),
        ("/api/embed", {"input": ""}),
        ("/api/embed", {"input": []}),
        ("/api/embeddings", {"prompt": ""}),
    ],
)
@pytest.mark.parametrize("keep_alive", [0, "10m"])
def test_nothing_asked_is_a_load_or_unload(path: str, members: dict[str, Any], keep_alive: float | str) -> None:
    found = read(path, keep_alive=keep_alive, **members)
    assert isinstance(found, OllamaRequest)
    assert found.translation is None


@pytest.mark.parametrize(("unloaded", "reason"), [(True, "unload"), (False, "load")])
def test_bare_replies_are_read_by_the_client_package(*, unloaded: bool, reason: str) -> None:
    def bare(path: bytes) -> bytes:
        return bare_reply(path, "m", unloaded=unloaded, now=lambda: 1_700_000_000.0)

    chat = ChatResponse.model_validate_json(bare(b"/api/chat"))
    assert (chat.model, chat.message.content, chat.done, chat.done_reason) == ("m", "", True, reason)
    assert chat.created_at == "2023-11-14T22:13:20Z"
    prompt = GenerateResponse.model_validate_json(bare(b"/api/generate"))
    assert (prompt.response, prompt.done, prompt.done_reason) == ("", True, reason)
    assert EmbedResponse.model_validate_json(bare(b"/api/embed")).embeddings == []
    assert EmbeddingsResponse.model_validate_json(bare(b"/api/embeddings")).embedding == []


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "invalid_json"),
        (b"{", "invalid_json"),
        (b"\xff", "invalid_json"),
        (b'{"model":"\xff"}', "invalid_json"),
        (b'{"x":' + b"[" * 100_000, "invalid_json"),
        (b"[]", "invalid_body"),
        (b'{"model":7}', "invalid_body"),
        (b'{"model":"m","keep_alive":true}', "invalid_body"),
        (b"{}", "invalid_model"),
        (b'{"model":""}', "invalid_model"),
    ],
)
def test_what_ollama_refuses_is_refused(path: str, body: bytes, code: str) -> None:
    found = translate(path.encode(), body, lambda: 0.0)
    assert isinstance(found, Fault)
    assert (found.status, found.code) == (400, code)


@pytest.mark.parametrize(
    ("members", "place"),
    [
        ({"messages": "hello"}, "$.messages"),
        ({"messages": [{"role": "user", "content": ["x"]}]}, "$.messages[0].content"),
        ({"messages": HELLO, "think": "much"}, "$.think"),
        ({"messages": HELLO, "options": []}, "$.options"),
        ({"messages": [{"tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]}]}, "arguments"),
    ],
)
def test_a_wrong_type_is_refused_with_its_place(members: dict[str, Any], place: str) -> None:
    found = read("/api/chat", **members)
    assert isinstance(found, Fault)
    assert place in found.message


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
MEMBERS = ("messages", "prompt", "input", "options", "format", "tools", "think", "images", "keep_alive", "raw")
OPTIONS = ("num_predict", "seed", "top_k", "stop", "num_ctx", "model")


@given(
    st.sampled_from(tuple(PATHS)),
    st.dictionaries(st.sampled_from(MEMBERS), JSON),
    st.none() | st.dictionaries(st.sampled_from(OPTIONS) | st.text(), JSON),
)
def test_every_body_has_an_answer(path: str, members: dict[str, Any], options: dict[str, Any] | None) -> None:
    found = read(path, **{**PATHS[path], **members, **({"options": options} if options else {})})
    if isinstance(found, OllamaRequest) and found.translation is not None and not isinstance(found.translation, Fault):
        assert json.loads(found.translation.body)["model"] == "m"


@pytest.mark.parametrize(
    ("body", "name"), [(b'{"model":"a"}', "a"), (b'{"name":"a"}', "a"), (b'{"model":"a","name":"b"}', "a")]
)
def test_the_model_to_show(body: bytes, name: str) -> None:
    assert shown_name(body) == name


@pytest.mark.parametrize(("body", "code"), [(b"{}", "invalid_model"), (b"{", "invalid_json"), (b"7", "invalid_body")])
def test_there_is_no_model_to_show(body: bytes, code: str) -> None:
    found = shown_name(body)
    assert isinstance(found, Fault)
    assert (found.status, found.code) == (400, code)
