"""The traps that other gateways fell into, each by name: client connections and streaming."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from remuda.edge.http.limits import Limits
from remuda.gateway.decide import Gateway
from remuda.gateway.directory import Listing, make_directory
from remuda.gateway.keys import Keyring, make_key
from remuda.gateway.traits import Traits
from remuda.residency.commands import RefusalKind
from tests.edge.http.harness import (
    GATEWAY,
    OK,
    STREAM,
    Admission,
    Client,
    Script,
    Visit,
    engine,
    gateway,
    get,
    on_loop,
    post,
)

EVENT = b"9\r\ndata: 1\n\n\r\n"
LAST = b"0\r\n\r\n"
STREAMING = b'{"model":"tiny","stream":true}'
SECRET = b"a-secret-of-the-client"
KEYED = replace(GATEWAY, keyring=Keyring((make_key("roo", SECRET.decode()), make_key("other", "other"))))
SOON = Limits(comment_s=0.05)
LEAVES = ["abort", "write_eof"]


async def silence(visit: Visit) -> None:
    """Say nothing, until the request is cancelled, if there is one."""
    await visit.next()
    await visit.gone()


async def one_event(visit: Visit) -> None:
    """Begin a stream, and say nothing more."""
    await visit.read()
    await visit.send(STREAM + EVENT)
    await visit.gone()


async def whole_stream(visit: Visit) -> None:
    """Answer every request with a stream of two events."""
    while await visit.next():
        await visit.send(STREAM + EVENT, EVENT + LAST)


def leave(client: Client, how: str) -> None:
    getattr(client.writer.transport, how)()


def named(model: str) -> Gateway:
    """The decisions of a gateway with one model."""
    return Gateway(make_directory([Listing(model, model, "fake")]))


def dechunked(data: bytes) -> bytes:
    """The content of chunks."""
    content = b""
    while data != LAST:
        size, _, data = data.partition(b"\r\n")
        content, data = content + data[: int(size, 16)], data[int(size, 16) + 2 :]
    return content


def error_of(body: bytes) -> Any:
    return json.loads(body)["error"]


@pytest.mark.parametrize("how", LEAVES)
@pytest.mark.parametrize("script", [silence, one_event])
@on_loop
async def test_trap_01_a_client_that_leaves_cancels_at_the_engine(script: Script, how: str) -> None:
    async with engine(script) as upstream, gateway(Admission(upstream.endpoint)) as house:
        client = await house.client()
        await client.send(post())
        await house.admission.until("ask", "grant")
        await upstream.until_open(1)
        if script is one_event:
            await client.reader.readuntil(b"data: 1\n\n")
        leave(client, how)
        await upstream.until_open(0)
        await house.admission.until("ask", "grant", "end")


@pytest.mark.parametrize("how", LEAVES)
@on_loop
async def test_trap_02_an_engine_that_does_not_bear_it_is_not_interrupted(how: str) -> None:
    goes_on = asyncio.Event()

    async def script(visit: Visit) -> None:
        while await visit.next():
            await visit.send(STREAM + EVENT)
            await goes_on.wait()
            await visit.send(EVENT * 1000 + LAST)

    drained = replace(GATEWAY, traits={"tiny": Traits(drains=True)})
    async with engine(script) as upstream, gateway(Admission(upstream.endpoint), drained) as house:
        client = await house.client()
        await client.send(post())
        await client.reader.readuntil(b"data: 1\n\n")
        leave(client, how)
        while not house.observer.records:
            await asyncio.sleep(0.001)
        assert house.observer.last.status == 499
        await house.admission.until("ask", "grant")
        goes_on.set()
        await house.admission.until("ask", "grant", "end")
        reply = await (await house.client()).ask(post())
        assert (reply.is_whole, len(upstream.visits)) == (True, 1)


@pytest.mark.parametrize("when", ["in the queue", "before the first byte", "in the stream"])
@pytest.mark.parametrize("how", LEAVES)
@on_loop
async def test_trap_03_a_client_that_leaves_is_499_and_no_fault_of_the_engine(when: str, how: str) -> None:
    script = one_event if when == "in the stream" else silence
    async with engine(script) as upstream, gateway(Admission(upstream.endpoint, holds=when == "in the queue")) as house:
        client = await house.client()
        await client.send(post())
        if when == "in the stream":
            await client.reader.readuntil(b"data: 1\n\n")
        elif when == "before the first byte":
            await upstream.until_open(1)
        else:
            await house.admission.until("ask")
        leave(client, how)
        await house.admission.until(*["ask", "abandon"] if when == "in the queue" else ["ask", "grant", "end"])
        assert [(record.status, record.error) for record in house.observer.records] == [(499, "")]


@pytest.mark.parametrize(
    ("response", "whole"),
    [
        (OK, True),
        (STREAM + EVENT + LAST, True),
        (STREAM + EVENT, True),
        (OK[:-1], False),
        (b"", True),
        (b"garbage", True),
        (b"HTTP/1.1 500 X\r\ncontent-length: 0\r\n\r\n", True),
        (b"HTTP/1.1 101 X\r\n\r\n", True),
    ],
)
@on_loop
async def test_trap_04_a_place_is_given_back_once_however_a_request_ends(response: bytes, *, whole: bool) -> None:
    async def script(visit: Visit) -> None:
        await visit.read()
        await visit.send(response)

    async with engine(script) as upstream, gateway(Admission(upstream.endpoint)) as house:
        reply = await (await house.client()).ask(post())
        assert reply.is_whole is whole
        while not house.admission.record or house.admission.record[-1][0] != "end":
            await asyncio.sleep(0.001)
        assert [what for what, _ in house.admission.record].count("end") == 1
        assert len(house.observer.records) == 1


@pytest.mark.parametrize("how", LEAVES)
@on_loop
async def test_trap_05_a_request_that_leaves_the_queue_is_taken_out_of_it_once(how: str) -> None:
    limits = Limits(queue=1)
    async with engine() as upstream, gateway(Admission(upstream.endpoint, holds=True), limits=limits) as house:
        for _ in range(3):
            client = await house.client()
            await client.send(post())
            house.admission.record.clear()
            await house.admission.until("ask")
            assert (await (await house.client()).ask(post())).status == 429
            leave(client, how)
            await house.admission.until("ask", "abandon")
            assert house.admission.waiting == {}


@pytest.mark.parametrize("how", LEAVES)
@on_loop
async def test_trap_05_a_grant_that_crosses_a_cancel_is_ended_once(how: str) -> None:
    async with engine(silence) as upstream, gateway(Admission(upstream.endpoint, holds=True)) as house:
        client = await house.client()
        await client.send(post())
        await house.admission.until("ask")
        leave(client, how)
        house.admission.grant(house.admission.record[0][1])
        await house.admission.until("ask", "grant", "end")
        await upstream.until_open(0)


@on_loop
async def test_trap_07_no_gzip_and_no_buffering_of_event_streams() -> None:
    go_on = asyncio.Event()

    async def script(visit: Visit) -> None:
        await visit.read()
        await visit.send(STREAM + EVENT)
        await go_on.wait()
        await visit.send(EVENT + LAST)
        await visit.gone()

    async with engine(script) as upstream, gateway(Admission(upstream.endpoint)) as house:
        client = await house.client()
        await client.send(post(STREAMING, "Accept-Encoding: gzip"))
        begun = await client.reader.readuntil(b"data: 1\n\n\r\n")
        assert b"\r\nx-accel-buffering: no\r\n" in begun
        assert b"content-encoding" not in begun
        assert b"content-length" not in begun
        go_on.set()
        assert await client.reader.readuntil(LAST) == EVENT + LAST


@pytest.mark.parametrize("path", ["/v1/messages", "/api/chat"])
@on_loop
async def test_trap_07_what_is_read_on_its_way_is_not_asked_for_compressed(path: str) -> None:
    body = b'{"model":"tiny","max_tokens":5,"messages":[{"role":"user","content":"x"}]}'
    async with engine() as upstream, gateway(Admission(upstream.endpoint)) as house:
        await (await house.client()).ask(post(body, "Accept-Encoding: gzip, br", path=path))
        assert dict(upstream.requests[0].headers)["accept-encoding"] == "identity"


@on_loop
async def test_trap_07_a_stream_that_has_begun_with_comments_is_not_asked_for_compressed() -> None:
    async with (
        engine(whole_stream) as upstream,
        gateway(Admission(upstream.endpoint, holds=True), limits=SOON) as house,
    ):
        client = await house.client()
        await client.send(post(STREAMING, "Accept-Encoding: gzip"))
        await client.reader.readuntil(b":")
        house.admission.grant(house.admission.record[0][1])
        await client.reader.readuntil(LAST)
        assert "gzip" not in dict(upstream.requests[0].headers).get("accept-encoding", "")


@on_loop
async def test_trap_08_a_client_of_a_stream_hears_comments_while_the_model_loads() -> None:
    """Comments, as those are no part of the conversation; a client that waits for one answer hears nothing."""
    async with (
        engine(whole_stream) as upstream,
        gateway(Admission(upstream.endpoint, holds=True), limits=SOON) as house,
    ):
        client, other = await house.client(), await house.client()
        await client.send(post(STREAMING))
        await other.send(post())
        head = await client.reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 OK\r\n")
        for _ in range(3):
            size = int(await client.reader.readuntil(b"\r\n"), 16)
            comment = await client.reader.readexactly(size + 2)
            assert comment.startswith(b":")
            assert comment.endswith(b"\n\n\r\n")
        for request in sorted(house.admission.waiting):
            house.admission.grant(request)
        assert dechunked(await client.reader.readuntil(LAST)).endswith(b"data: 1\n\n" * 2)
        assert (await other.receive()).body == b"data: 1\n\n" * 2
    assert Limits().comment_s <= 10


FAILING = {
    "/v1/chat/completions": (b'data: {"error":{', b'"code":"unloaded"'),
    "/v1/messages": (b'event: error\ndata: {"type":"error","error":{', b'"type":"overloaded_error"'),
}


@pytest.mark.parametrize(("path", "expected"), FAILING.items(), ids=FAILING.keys())
@on_loop
async def test_trap_09_a_load_that_fails_after_the_first_byte_is_an_event(
    path: str, expected: tuple[bytes, bytes]
) -> None:
    body = b'{"model":"tiny","stream":true,"max_tokens":5,"messages":[{"role":"user","content":"x"}]}'
    async with gateway(Admission(holds=True), limits=SOON) as house:
        client = await house.client()
        await client.send(post(body, path=path))
        await client.reader.readuntil(b":")
        house.admission.refuse(house.admission.record[0][1], RefusalKind.UNLOADED, "`tiny` was unloaded")
        rest = await client.reader.readuntil(LAST)
        assert expected[0] in rest
        assert expected[1] in rest
        assert (await client.ask(get())).status == 200


@on_loop
async def test_trap_09_a_load_that_fails_before_the_first_byte_is_a_status_that_says_when_to_come_again() -> None:
    async with gateway(Admission(holds=True)) as house:
        client = await house.client()
        await client.send(post())
        await house.admission.until("ask")
        house.admission.refuse(house.admission.record[0][1], RefusalKind.UNLOADED, "`tiny` was unloaded")
        reply = await client.receive()
        assert (reply.status, error_of(reply.body)["code"]) == (503, "unloaded")
        assert int(reply.header("retry-after") or 0) > 0


@on_loop
async def test_trap_10_comments_end_where_the_engines_stream_begins() -> None:
    """One head, whatever came before; and no comment between or after the engine's bytes."""
    async with (
        engine(whole_stream) as upstream,
        gateway(Admission(upstream.endpoint, holds=True), limits=SOON) as house,
    ):
        client = await house.client()
        for _ in range(3):
            await client.send(post(STREAMING))
            await client.reader.readuntil(b"\r\n\r\n")
            (request,) = house.admission.waiting
            house.admission.grant(request)
            content = dechunked(await client.reader.readuntil(LAST))
            comments = content.removesuffix(b"data: 1\n\n" * 2)
            assert len(comments) == len(content) - 18
            assert {line[:1] for line in comments.split(b"\n")} == {b":", b""}
            await asyncio.sleep(0.1)
        assert (await client.ask(get())).status == 200


@on_loop
async def test_trap_11_a_body_is_never_kept_whole_for_its_last_lines() -> None:
    """What is counted comes from the tail; all else passes, here 64 MB of it."""
    filler = b"data: " + b"x" * 65_530 + b"\n\n"
    chunk = b"%x\r\n%b\r\n" % (len(filler), filler)
    usage = b'data: {"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":9}}\n\ndata: [DONE]\n\n'

    async def script(visit: Visit) -> None:
        await visit.read()
        await visit.send(STREAM, *[chunk] * 1000, b"%x\r\n%b\r\n" % (len(usage), usage) + LAST)
        await visit.gone()

    async with engine(script) as upstream, gateway(Admission(upstream.endpoint)) as house:
        client = await house.client()
        await client.send(post(STREAMING))
        tracemalloc.start()
        try:
            passed, last = 0, b""
            while not last.endswith(LAST):
                piece = await client.reader.read(2**16)
                passed, last = passed + len(piece), last[-5:] + piece
            peak_bytes = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert passed > 64_000_000
        assert peak_bytes < 8_000_000
        (record,) = house.observer.records
        assert record.usage is not None
        assert (record.usage.prompt_tokens, record.usage.completion_tokens, record.events) == (7, 9, 1002)


@pytest.mark.parametrize("framing", ["length", "chunks"])
@on_loop
async def test_trap_12_a_rewritten_body_has_its_own_length(framing: str) -> None:
    async with engine() as upstream:
        admission = Admission(replace(upstream.endpoint, served_name="a name that is much longer"))
        async with gateway(admission) as house:
            request = post(b'{"model":"tiny","n":1}', "Connection: X-Hop", "X-Hop: 1", "TE: trailers")
            if framing == "chunks":
                request = request.replace(b"Content-Length: 22", b"Transfer-Encoding: chunked")
                request = request.replace(b"\r\n\r\n", b"\r\n\r\n16\r\n") + b"\r\n" + LAST
            assert (await (await house.client()).ask(request)).status == 200
            (seen,) = upstream.requests
            assert json.loads(seen.body) == {"model": "a name that is much longer", "n": 1}
            names = [name for name, _ in seen.headers]
            assert dict(seen.headers)["content-length"] == str(len(seen.body))
            assert not {"transfer-encoding", "connection", "x-hop", "te"} & {*names}


@on_loop
async def test_trap_12_a_rewritten_form_keeps_its_boundary_and_its_files() -> None:
    audio = bytes(range(256)) * 4000 + b"\r\n--"
    form = (
        b'--X y\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n%b\r\n'
        b'--X y\r\nContent-Disposition: form-data; name="model"\r\n\r\ntiny\r\n--X y--\r\n' % audio
    )
    request = post(form, 'Content-Type: multipart/form-data; boundary="X y"', path="/v1/audio/transcriptions")
    async with engine() as upstream:
        for served, expected in ((None, form), ("served", form.replace(b"tiny", b"served"))):
            async with gateway(Admission(replace(upstream.endpoint, served_name=served))) as house:
                assert (await (await house.client()).ask(request)).status == 200
            seen = upstream.requests.pop()
            assert seen.body == expected
            assert dict(seen.headers)["content-type"] == 'multipart/form-data; boundary="X y"'
            assert dict(seen.headers)["content-length"] == str(len(expected))


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/upstream/org/tiny:q4/v1/x%2Fy?q=%2F&z=%20", "/v1/x%2Fy?q=%2F&z=%20"),
        ("/upstream/org%2Ftiny:q4/v1/x", "/v1/x"),
        ("/upstream/org%2ftiny%3Aq4/v1/x/", "/v1/x/"),
        ("/upstream/org/tiny:q4", "/"),
        ("/upstream/org/tiny:q4/%E6%A8%A1", "/%E6%A8%A1"),
    ],
)
@on_loop
async def test_trap_13_a_path_keeps_its_escapes_and_a_model_its_slashes(path: str, target: str) -> None:
    async with engine() as upstream:
        admission = Admission(others={"org/tiny:q4": upstream.endpoint})
        async with gateway(admission, named("org/tiny:q4")) as house:
            assert (await (await house.client()).ask(get(path))).status == 200
            assert [request.target for request in upstream.requests] == [target]


@pytest.mark.parametrize(
    "upload", [b"Content-Length: 1000000000000\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\nE8D4A51000\r\n"]
)
@on_loop
async def test_trap_14_a_body_over_the_bound_is_refused_before_it_is_held(upload: bytes) -> None:
    bounded = replace(GATEWAY, body_max_bytes=100_000)
    async with gateway(decided=bounded) as house:
        client = await house.client()
        await client.send(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n" + upload)
        if b"chunked" in upload:
            await client.send(b"x" * 100_001)
        reply = await client.receive()
        assert (reply.status, reply.header("connection")) == (413, "close")
        assert house.admission.record == []
    assert GATEWAY.body_max_bytes == 100 * 1024 * 1024


CREDENTIALS = [
    b"Authorization: Bearer " + SECRET,
    b"Authorization: bearer  " + SECRET,
    b"Authorization: Basic " + base64.b64encode(b"somebody:" + SECRET),
    b"X-Api-Key: " + SECRET,
]


@pytest.mark.parametrize("credential", CREDENTIALS)
@on_loop
async def test_trap_15_the_clients_credential_never_reaches_an_engine(credential: bytes) -> None:
    replaced = replace(KEYED, traits={"tiny": Traits(headers={b"authorization": b"Bearer of-the-engine"})})
    async with engine() as upstream:
        for decided in (KEYED, replaced, GATEWAY):
            async with gateway(Admission(upstream.endpoint), decided) as house:
                assert (await (await house.client()).ask(post(b'{"model":"tiny"}', credential.decode()))).status == 200
    seen = [dict(request.headers) for request in upstream.requests]
    assert [fields.get("authorization") for fields in seen] == [None, "Bearer of-the-engine", None]
    assert SECRET.decode() not in str(seen)
    assert base64.b64encode(b"somebody:" + SECRET).decode() not in str(seen)


def test_trap_15_every_key_is_compared_and_only_by_its_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []
    compare: Callable[[bytes, bytes], bool] = hmac.compare_digest

    def watching(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return compare(one, other)

    monkeypatch.setattr(hmac, "compare_digest", watching)
    for secret, found in ((SECRET, "roo"), (b"other", "other"), (b"", None), (SECRET[:-1], None)):
        compared.clear()
        key = KEYED.keyring.find(secret)
        assert (key and key.name) == found
        assert len(compared) == len(KEYED.keyring.keys)
        assert {len(digest) for pair in compared for digest in pair} == {32}
    assert SECRET.decode() not in repr(KEYED)


@on_loop
async def test_trap_16_a_long_load_breaks_nothing() -> None:
    """Every bound of time is over long before the model is there, and again before its first byte."""
    bounds = Limits(
        head_s=0.1, body_pause_s=0.1, keep_alive_s=0.1, linger_s=0.1, connect_s=0.1, idle_s=0.1, early_s=0.1
    )

    async def script(visit: Visit) -> None:
        while await visit.next():
            await asyncio.sleep(0.3)
            await visit.send(OK)

    async with engine(script) as upstream, gateway(Admission(upstream.endpoint, holds=True), limits=bounds) as house:
        client = await house.client()
        await client.send(post())
        await house.admission.until("ask")
        await asyncio.sleep(0.3)
        house.admission.grant(house.admission.record[0][1])
        assert (await client.receive()).body == b"{}"
    assert Limits().first_byte_s is None
