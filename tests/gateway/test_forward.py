from __future__ import annotations

import json
from typing import NamedTuple

import pytest

from remuda.gateway.decide import Admitted, Gateway, decide, screen
from remuda.gateway.directory import Listing, make_directory
from remuda.gateway.forward import Destination, Forward, Prepared, prepare
from remuda.gateway.head import RequestHead, read_head
from remuda.gateway.routes import NO_EDITS, Edits
from remuda.gateway.shapes import Fault
from remuda.gateway.timings import Timings
from remuda.gateway.traits import PLAIN, Traits


class Wants(NamedTuple):
    """An instance, and how its model is treated."""

    served_name: str | None
    apis: frozenset[str]
    traits: Traits


GATEWAY = Gateway(make_directory([Listing("tiny", "Tiny", "x", ("t",))]))
ANY = Wants(None, frozenset(), PLAIN)
CHAT = b'{"model":"tiny","messages":[{"role":"user","content":"x"}],"max_tokens":5}'
FORM = b'--b\r\ncontent-disposition: form-data; name="model"\r\n\r\ntiny\r\n--b--\r\n'


def forward(target: bytes, body: bytes = CHAT, content_type: bytes = b"", method: bytes = b"POST") -> Forward:
    head = read_head(method, target, "1.1", [(b"host", b"x"), (b"content-type", content_type)])
    assert isinstance(head, RequestHead)
    admitted = screen(head, GATEWAY)
    assert isinstance(admitted, Admitted)
    found = decide(admitted, body, GATEWAY)
    assert isinstance(found, Forward), found
    return found


def made(found: Forward, wants: Wants = ANY, edits: Edits = NO_EDITS, body: bytes = CHAT) -> Prepared:
    prepared = prepare(found, body, Destination(wants, edits, wants.traits), lambda: 0.0)
    assert isinstance(prepared, Prepared), prepared
    return prepared


@pytest.mark.parametrize("served", [None, "tiny"])
def test_the_original_bytes_are_sent_where_they_can_be(served: str | None) -> None:
    prepared = made(forward(b"/v1/chat/completions?a=b"), Wants(served, frozenset(), PLAIN))
    assert prepared.body is CHAT
    assert (prepared.path, prepared.content_type, prepared.back) == (
        b"/v1/chat/completions?a=b",
        b"application/json",
        None,
    )


def test_an_engine_gets_the_name_that_it_expects_and_the_edits_that_the_file_asks_for() -> None:
    edits = Edits(strip=("max_tokens",), set={"temperature": b"0.5"})
    prepared = made(forward(b"/v1/chat/completions"), Wants("real", frozenset(), PLAIN), edits)
    content = json.loads(prepared.body)
    assert (content["model"], content["temperature"], "max_tokens" in content) == ("real", 0.5, False)


def test_a_form_keeps_everything_but_the_name() -> None:
    found = forward(b"/v1/audio/transcriptions", FORM, b"multipart/form-data; boundary=b")
    assert made(found, body=FORM).body is FORM
    renamed = made(found, Wants("real", frozenset(), PLAIN), body=FORM)
    assert renamed.body == FORM.replace(b"tiny", b"real")


def test_a_query_gets_the_name_that_the_engine_expects() -> None:
    found = forward(b"/v1/audio/voices?m%6Fdel=tiny&x=1", b"", method=b"GET")
    assert made(found).path == b"/v1/audio/voices?m%6Fdel=tiny&x=1"
    assert made(found, Wants("a b", frozenset(), PLAIN)).path == b"/v1/audio/voices?x=1&model=a%20b"


def test_a_path_below_upstream_is_the_users_own_business() -> None:
    prepared = made(forward(b"/upstream/tiny/v1/x", CHAT), Wants("real", frozenset(), PLAIN))
    assert (prepared.body, prepared.content_type, prepared.path) == (CHAT, None, b"/v1/x")


@pytest.mark.parametrize(
    ("target", "body", "path"),
    [
        (b"/v1/messages", CHAT, b"/v1/chat/completions"),
        (b"/v1/messages/count_tokens", CHAT, b"/tokenize"),
        (b"/v1/responses", b'{"model":"tiny","input":"x"}', b"/v1/chat/completions"),
        (b"/api/chat", CHAT.replace(b',"max_tokens":5', b""), b"/v1/chat/completions"),
        (b"/api/embed", b'{"model":"tiny","input":"x"}', b"/v1/embeddings"),
    ],
)
def test_an_engine_without_a_protocol_gets_it_translated(target: bytes, body: bytes, path: bytes) -> None:
    found = forward(target, body)
    translated = made(found, Wants("real", frozenset(), PLAIN), body=body)
    assert (translated.path, json.loads(translated.body)["model"]) == (path, "real")
    assert translated.back is not None
    as_it_is = made(found, Wants(None, frozenset({target.decode()}), PLAIN), body=body)
    assert (as_it_is.path, as_it_is.back) == (target, None)


def test_what_cannot_be_translated_is_told() -> None:
    body = b'{"model":"tiny","input":"x","previous_response_id":"r"}'
    fault = prepare(forward(b"/v1/responses", body), body, Destination(ANY, NO_EDITS, PLAIN), lambda: 0.0)
    assert isinstance(fault, Fault)
    assert fault.status == 400


def test_ollamas_own_engine_does_not_decide_what_stays_in_memory() -> None:
    body = b'{"model":"tiny:latest","messages":[{"role":"user","content":"x"}],"keep_alive":"5m"}'
    found = forward(b"/api/chat", body)
    prepared = made(found, Wants("qwen3:8b", frozenset({"/api/chat"}), PLAIN), body=body)
    assert json.loads(prepared.body) == {"model": "qwen3:8b", "messages": [{"role": "user", "content": "x"}]}
    assert found.keep_alive is not None
    assert found.keep_alive.ttl_s == 300


@pytest.mark.parametrize(
    ("body", "asks"),
    [
        (b'{"model":"tiny","stream":true}', True),
        (b'{"model":"tiny","stream":true,"stream_options":{"include_usage":false}}', False),
        (b'{"model":"tiny"}', False),
    ],
)
def test_timings_need_the_usage_of_a_stream(body: bytes, *, asks: bool) -> None:
    timed = Wants(None, frozenset(), Traits(tells_timings=True))
    prepared = made(forward(b"/v1/chat/completions", body), timed, body=body)
    assert isinstance(prepared.back, Timings)
    assert (json.loads(prepared.body).get("stream_options") == {"include_usage": True}) is asks
