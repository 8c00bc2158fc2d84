"""Whatever a client sends, understanding it ends: in a value that keeps its promises or in an error, and soon."""

from __future__ import annotations

import time
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remuda.gateway.decide import Admitted, Gateway, decide, screen
from remuda.gateway.directory import Listing, make_directory
from remuda.gateway.envelope import Answer
from remuda.gateway.forward import Destination, Forward, prepare
from remuda.gateway.head import HOP_BY_HOP, Fields, Hop, Outbound, RequestHead, read_head, request_bytes
from remuda.gateway.named import by_path
from remuda.gateway.peek import Peek, peek
from remuda.gateway.routes import NO_EDITS
from remuda.gateway.shapes import Fault
from remuda.gateway.target import read_target
from remuda.gateway.traits import PLAIN

GATEWAY = Gateway(make_directory([Listing("tiny", "Tiny", "fake"), Listing("org/tiny", "Tiny", "fake")]))
HOP = Hop("192.0.2.1", b"127.0.0.1:9000")

# What llhttp lets through, and what it does not.
NAMES = st.sampled_from(
    b"Host Connection Content-Length Transfer-Encoding Expect Upgrade Authorization X-Api-Key Content-Type TE".split()
) | st.binary(min_size=1, max_size=8)
VALUES = st.sampled_from(
    b"close|keep-alive, x|chunked|gzip, chunked|16|016|+16|100-continue|websocket|Basic OmE=|Basic ==|Bearer".split(
        b"|"
    )
) | st.binary(max_size=20)
FIELDS: st.SearchStrategy[Fields] = st.lists(st.tuples(NAMES, VALUES), max_size=8)


class Server(NamedTuple):
    served_name: str | None
    apis: frozenset[str]


PATHS = st.sampled_from(
    [
        *b"/v1/chat/completions /v1/messages /v1/responses /api/chat /api/show /v1/audio/translations /rerank".split(),
        *b"/props?model= /upstream/tiny/x /upstream/tiny/.. /v1/models/org/tiny /health /ready?model=tiny".split(),
    ]
)
TARGETS = PATHS | st.builds(bytes.__add__, PATHS, st.binary(max_size=12)) | st.binary(max_size=30)
METHODS = st.sampled_from([b"GET", b"POST", b"HEAD", b"OPTIONS", b"DELETE"])
JSON = st.recursive(
    st.sampled_from([b"null", b"true", b"1e400", b'"tiny"', b'"\\ud800"', b'"user"', b"-1", b"[]", b"{}"]),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: b"[%b]" % b",".join(items))
        | st.lists(
            st.tuples(
                st.sampled_from(b"model stream messages role content input keep_alive max_tokens tools".split()), inner
            )
        ).map(lambda pairs: b"{%b}" % b",".join(b'"%b":%b' % pair for pair in pairs))
    ),
    max_leaves=10,
)
BODIES = JSON | st.builds(lambda inner: b'{"model":"tiny",' + inner[1:], JSON) | st.binary(max_size=40)


def wrong_octets(text: bytes) -> bool:
    return bool({*text} & {0, 10, 13})


@given(TARGETS)
def test_a_target_is_understood_or_not(raw: bytes) -> None:
    target = read_target(raw)
    if target is not None:
        assert target.path.startswith(b"/")
        assert b"?" not in target.path
        assert target.query[:1] in {b"", b"?"}
        assert len(target.path + target.slash + target.query) <= len(raw) + 1
        assert target.parameter(b"model") is None or b"model" in target.query or b"%" in target.query


SEGMENTS = st.sampled_from([b"tiny", b"org", b".", b"..", b"%2e", b"%2E%2e", b"%2F", b"", b"a%2F..%2Fb", b"?", b"\xff"])


@given(st.lists(SEGMENTS, max_size=6).map(lambda segments: b"/upstream/" + b"/".join(segments)))
def test_no_path_leads_out_of_an_engine(raw: bytes) -> None:
    target = read_target(raw)
    named = by_path(target, {"tiny", "org/tiny"}.__contains__) if target is not None else None
    if named is not None:
        path, _, _ = named.path.partition(b"?")
        assert path.startswith(b"/")
        assert not {b".", b"..", b"%2E", b"%2E%2E"} & {*path.split(b"/")}


@settings(max_examples=500)
@given(METHODS, TARGETS, st.sampled_from(["1.0", "1.1", "2.0"]), FIELDS)
def test_a_head_is_understood_or_answered(method: bytes, target: bytes, version: str, fields: Fields) -> None:
    head = read_head(method, target, version, fields)
    if isinstance(head, Answer):
        assert head.status in {400, 417, 505}
        return
    assert head.length is None or 0 <= head.length < 10**18
    assert not HOP_BY_HOP & {name for name, _ in head.fields}
    assert not {b"host", b"content-length", b"authorization", b"x-api-key"} & {name for name, _ in head.fields}
    assert head.secret is None or isinstance(head.secret, bytes)
    made = request_bytes(head, HOP, Outbound(b"/x"), 3)
    if not any(wrong_octets(name + value) for name, value in fields):
        lines = made.removesuffix(b"\r\n\r\n").split(b"\r\n")
        names = [line.partition(b":")[0].lower() for line in lines[1:]]
        assert lines[0] == method + b" /x HTTP/1.1"
        assert names.count(b"content-length") == names.count(b"host") == 1
        assert b"transfer-encoding" not in names


@given(BODIES)
def test_a_body_is_peeked_into_or_answered(body: bytes) -> None:
    found = peek(body)
    assert isinstance(found, Peek) or found.status == 400


def understood(method: bytes, target: bytes, fields: Fields) -> RequestHead | None:
    head = read_head(method, target, "1.1", ((b"host", b"x"), *fields))
    return None if isinstance(head, Answer) else head


@settings(max_examples=500)
@given(METHODS, TARGETS, FIELDS.filter(lambda fields: b"Host" not in dict(fields)), BODIES)
def test_a_request_is_decided(method: bytes, target: bytes, fields: Fields, body: bytes) -> None:
    head = understood(method, target, fields)
    if head is None:
        return
    verdict = screen(head, GATEWAY)
    outcome = decide(verdict, body, GATEWAY) if isinstance(verdict, Admitted) else verdict
    if isinstance(outcome, Answer):
        assert outcome.status in range(200, 600)
        return
    assert isinstance(outcome, Forward)
    assert {candidate.model for candidate in outcome.candidates} <= {"tiny", "org/tiny", ""}
    for apis in (frozenset[str](), frozenset({"/v1/messages", "/v1/responses", "/api/chat"})):
        if not outcome.is_bare:
            prepared = prepare(outcome, body, Destination(Server("served", apis), NO_EDITS, PLAIN), lambda: 0.0)
            assert isinstance(prepared, Fault) or prepared.path.startswith(b"/")


SLOW = {
    "escapes": b"/" + b"%41" * 20_000,
    "broken escapes": b"/" + b"%4" * 30_000,
    "slashes": b"/upstream/" + b"/" * 60_000,
    "segments": b"/upstream/" + b"a/" * 30_000,
    "parameters": b"/props?" + b"a=b&" * 15_000,
    "a host": b"http://" + b"a" * 60_000,
    "pluses": b"/v1/realtime?model=" + b"+" * 60_000,
}


@pytest.mark.parametrize("raw", SLOW.values(), ids=SLOW.keys())
def test_no_head_takes_long_to_judge(raw: bytes) -> None:
    began = time.process_time()
    head = understood(b"GET", raw, [(b"Connection", b"a," * 30_000), (b"X", b" " * 60_000)])
    if head is not None and isinstance(verdict := screen(head, GATEWAY), Admitted):
        decide(verdict, b"", GATEWAY)
    assert time.process_time() - began < 0.5


DEEP = {
    "lists": b'{"model":"tiny","x":' + b"[" * 200_000,
    "objects": b'{"model":"tiny","x":' + b'{"a":' * 200_000,
    "one name many times": b"{" + b'"model":"tiny",' * 200_000 + b'"model":"org/tiny"}',
    "a long name": b'{"model":"' + b"a" * 3_000_000 + b'"}',
    "escapes": b'{"model":"' + b"\\u0061" * 500_000 + b'"}',
}


@pytest.mark.parametrize("body", DEEP.values(), ids=DEEP.keys())
@pytest.mark.parametrize("path", [b"/v1/chat/completions", b"/v1/messages", b"/v1/responses", b"/api/chat"])
def test_no_body_takes_long_to_judge(path: bytes, body: bytes) -> None:
    began = time.process_time()
    head = understood(b"POST", path, [])
    assert head is not None
    verdict = screen(head, GATEWAY)
    assert isinstance(verdict, Admitted)
    outcome = decide(verdict, body, GATEWAY)
    if isinstance(outcome, Answer):
        assert outcome.status in {400, 404}
        assert len(outcome.body) < 2000
    elif not outcome.is_bare:
        prepare(outcome, body, Destination(Server("served", frozenset()), NO_EDITS, PLAIN), lambda: 0.0)
    assert time.process_time() - began < 1
