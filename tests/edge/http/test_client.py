from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import replace

import pytest

from remuda.edge.http.limits import Limits
from remuda.gateway.decide import Gateway
from remuda.gateway.directory import Listing, make_directory
from remuda.residency.commands import RefusalKind
from tests.edge.http.harness import (
    BODY,
    GATEWAY,
    OK,
    Admission,
    Client,
    Visit,
    answer_ok,
    engine,
    gateway,
    get,
    on_loop,
    post,
)

LONG_LIST = Gateway(make_directory([Listing(f"model-{number}", "x" * 200, "x") for number in range(1000)]))
FAST = Limits(head_s=0.2, body_pause_s=0.2, keep_alive_s=0.2, linger_s=0.2)


@on_loop
async def test_a_connection_is_used_again() -> None:
    async with engine() as upstream, gateway(Admission(upstream.endpoint)) as house:
        client = await house.client()
        for _ in range(3):
            reply = await client.ask(post())
            assert (reply.status, reply.body, reply.header("connection")) == (200, b"{}", None)
        assert len(upstream.visits) == 1


@on_loop
async def test_close_is_done_and_said() -> None:
    async with engine() as upstream, gateway(Admission(upstream.endpoint)) as house:
        client = await house.client()
        reply = await client.ask(post(BODY, "Connection: close"))
        assert (reply.status, reply.header("connection")) == (200, "close")
        await client.closed()


@on_loop
async def test_http_1_0_closes_unless_asked_otherwise() -> None:
    async with gateway() as house:
        client = await house.client()
        reply = await client.ask(b"GET /health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        assert (reply.status, reply.header("connection")) == (200, "keep-alive")
        reply = await client.ask(b"GET /health HTTP/1.0\r\n\r\n")
        assert (reply.status, reply.header("connection")) == (200, "close")
        await client.closed()


@on_loop
async def test_an_http_1_0_client_gets_a_chunked_body_until_the_close() -> None:
    async def script(visit: Visit) -> None:
        await visit.read()
        await visit.send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"3\r\nabc\r\n", b"0\r\n\r\n")
        await visit.gone()

    async with engine(script) as upstream, gateway(Admission(upstream.endpoint)) as house:
        client = await house.client()
        head = b"POST /v1/completions HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: %d\r\n\r\n" % len(BODY)
        reply = await client.ask(head + BODY)
        assert (reply.body, reply.header("transfer-encoding")) == (b"abc", None)
        assert reply.header("connection") == "close"


@on_loop
async def test_head_gets_the_head() -> None:
    async with gateway() as house:
        client = await house.client()
        full = await client.ask(get("/v1/models"))
        bare = await client.ask(get("/v1/models", method="HEAD"), method="HEAD")
        assert (bare.status, bare.headers, bare.body) == (full.status, full.headers, b"")
        assert (await client.ask(get())).status == 200


@on_loop
async def test_pipelined_requests_are_answered_in_order() -> None:
    release = asyncio.Event()

    async def script(visit: Visit) -> None:
        while request := await visit.next():
            await release.wait()
            await visit.send(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(request.body) + request.body)

    async with engine(script) as upstream, gateway(Admission(upstream.endpoint)) as house:
        client = await house.client()
        bodies = [json.dumps({"model": "tiny", "n": n}).encode() for n in range(3)]
        await client.send(post(bodies[0]) + get() + post(bodies[1]) + post(bodies[2]) + get("/nope"))
        await house.admission.until("ask", "grant")
        release.set()
        assert [(await client.receive()).status for _ in range(5)] == [200, 200, 200, 200, 404]
        assert [request.body for request in upstream.requests] == bodies


@on_loop
async def test_an_error_waits_for_the_answers_before_it() -> None:
    async with engine() as upstream, gateway(Admission(upstream.endpoint, holds=True)) as house:
        client = await house.client()
        await client.send(post() + b"BAD REQUEST\r\n\r\n" + post())
        await house.admission.until("ask")
        house.admission.grant(1)
        first, second = await client.receive(), await client.receive()
        assert (first.status, first.header("connection")) == (200, None)
        assert (second.status, second.header("connection")) == (400, "close")
        await client.closed()
        assert len(upstream.requests) == 1


@on_loop
async def test_too_many_pipelined_requests_end_in_a_close() -> None:
    async with engine() as upstream, gateway(Admission(upstream.endpoint, holds=True)) as house:
        client = await house.client()
        await client.send(post() + get() * 1000)
        await house.admission.until("ask")
        house.admission.grant(1)
        replies = [await client.receive() for _ in range(1 + Limits().pipelined + 1)]
        assert {reply.status for reply in replies} == {200}
        assert [reply.header("connection") for reply in replies] == [None] * (len(replies) - 1) + ["close"]
        await client.closed()


@on_loop
async def test_answers_that_nobody_reads_are_not_made() -> None:
    wanted = 1000
    async with gateway(decided=LONG_LIST) as house:
        client = await house.client()
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await client.send(get("/v1/models") * wanted)
        await asyncio.sleep(0.2)
        client.writer.transport.resume_reading()  # type: ignore[attr-defined]
        made = 1
        while (await client.receive()).header("connection") is None:
            made += 1
        assert made < wanted / 5
        await client.closed()


@on_loop
async def test_a_body_is_invited_only_when_it_is_wanted() -> None:
    async with engine() as upstream, gateway(Admission(upstream.endpoint)) as house:
        client = await house.client()
        head, _, body = post(BODY, "Expect: 100-continue").partition(b"\r\n\r\n")
        await client.send(head + b"\r\n\r\n")
        assert (await client.receive()).status == 100
        assert (await client.ask(body)).status == 200
        reply = await client.ask(get("/nope", "Expect: 100-continue", "Content-Length: 5"))
        assert (reply.status, reply.header("connection")) == (404, "close")
        await client.closed()


@on_loop
async def test_an_invitation_does_not_interrupt_a_response() -> None:
    async with engine() as upstream, gateway(Admission(upstream.endpoint, holds=True)) as house:
        client = await house.client()
        head, _, body = post(BODY, "Expect: 100-continue").partition(b"\r\n\r\n")
        await client.send(post() + head + b"\r\n\r\n")
        await house.admission.until("ask")
        house.admission.grant(1)
        assert [(await client.receive()).status for _ in range(2)] == [200, 100]
        await client.send(body)
        await house.admission.until("ask", "grant", "end", "ask")
        house.admission.grant(2)
        assert (await client.receive()).status == 200


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET /nope HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n", 404),
        (b"DELETE /v1/models HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n", 405),
        (b"POST /v1/embeddings HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: 10\r\n\r\n", 415),
    ],
)
@on_loop
async def test_a_short_body_that_nobody_wants_leaves_the_connection_usable(request_bytes: bytes, status: int) -> None:
    async with gateway() as house:
        client = await house.client()
        reply = await client.ask(request_bytes + b"GET /smugg")
        assert (reply.status, reply.header("connection")) == (status, None)
        assert (await client.ask(get())).status == 200


@on_loop
async def test_a_long_body_that_nobody_wants_is_answered_at_once() -> None:
    async with gateway() as house:
        client = await house.client()
        await client.send(get("/nope", "Content-Length: 100000"))
        for _ in range(10):
            await asyncio.sleep(0.01)
            await client.send(b"x" * 10_000)
        reply = await client.receive()
        assert (reply.status, reply.header("connection")) == (404, "close")
        client.writer.write_eof()
        await client.closed()


async def send_for_ever(client: Client) -> None:
    while True:
        await client.send(b"x")
        await asyncio.sleep(0.01)


@on_loop
async def test_a_client_that_goes_on_sending_is_not_listened_to_for_ever() -> None:
    async with gateway(limits=FAST) as house:
        client = await house.client()
        assert (await client.ask(get("/nope", "Content-Length: 1000000"))).status == 404
        with pytest.raises(ConnectionError):
            await send_for_ever(client)


@on_loop
async def test_a_client_that_does_not_read_is_not_waited_for_for_ever() -> None:
    async with gateway(decided=LONG_LIST, limits=FAST) as house:
        client = await house.client()
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await client.send(get("/v1/models") * 100)
        await house.server._frontend.emptied.wait()  # noqa: SLF001  nothing outside tells
        client.writer.transport.resume_reading()  # type: ignore[attr-defined]
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while (reply := await client.receive()).is_whole:
                assert reply.header("connection") is None


@on_loop
async def test_an_upload_before_its_turn_is_held_back() -> None:
    async with engine() as upstream, gateway(Admission(upstream.endpoint, holds=True)) as house:
        client = await house.client()
        body = json.dumps({"model": "tiny", "x": "x" * 30_000_000}).encode()
        sender = asyncio.ensure_future(client.send(post() + post(body)))
        await house.admission.until("ask")
        assert not (await asyncio.wait((sender,), timeout=0.3))[0]
        house.admission.holds = False
        house.admission.grant(1)
        assert [(await client.receive()).status for _ in range(2)] == [200, 200]
        assert len(upstream.requests[1].body) == len(body)


@pytest.mark.parametrize("framing", ["Content-Length: 3000000", "Transfer-Encoding: chunked"])
@on_loop
async def test_a_client_that_uploads_too_much_can_read_why(framing: str) -> None:
    async with gateway(decided=replace(GATEWAY, body_max_bytes=1_000_000)) as house:
        client = await house.client()
        head = f"POST /v1/embeddings HTTP/1.1\r\nHost: x\r\n{framing}\r\n\r\n".encode()
        body = b"2DC6C0\r\n" + b"x" * 3_000_000 if "chunked" in framing else b"x" * 3_000_000
        await client.send(head + body)
        reply = await client.receive()
        assert (reply.status, reply.header("connection")) == (413, "close")
        assert json.loads(reply.body)["error"]["code"] == "body_too_large"


@pytest.mark.parametrize(
    "head",
    [
        b"GET /%b HTTP/1.1\r\nHost: x\r\n\r\n" % (b"a" * 70_000),
        b"GET / HTTP/1.1\r\nHost: x\r\nX: %b\r\n\r\n" % (b"a" * 70_000),
        b"GET / HTTP/1.1\r\nHost: x\r\n%b\r\n" % (b"a: b\r\n" * 101),
        b"GET / HTTP/1.1\r\nHost: x\r\nX: %b" % (b"a" * 300_000),
        b"GET / HTTP/1.1\r\nHost: x\r\n%b: 1" % (b"a" * 300_000),
        b"GET /%b" % (b"a" * 300_000),
    ],
)
@on_loop
async def test_a_head_is_bounded(head: bytes) -> None:
    async with gateway() as house:
        client = await house.client()
        pieces = [head[start : start + 10_000] for start in range(0, len(head), 10_000)]
        sender = asyncio.ensure_future(client.send(*pieces))
        reply = await client.receive()
        assert (reply.status, reply.header("connection")) == (431, "close")
        await asyncio.gather(sender, return_exceptions=True)


@on_loop
async def test_a_head_that_does_not_end_times_out_however_it_trickles() -> None:
    async with gateway(limits=FAST) as house:
        client = await house.client()
        answered = asyncio.ensure_future(client.receive())
        await client.send(b"GET / HTTP/1.1\r\n")
        while not answered.done():
            await client.send(b"a: b\r\n")
            await asyncio.wait((answered,), timeout=0.02)
        assert answered.result().status == 408
        await client.closed()


@on_loop
async def test_a_body_that_stops_times_out() -> None:
    async with gateway(limits=FAST) as house:
        client = await house.client()
        await client.send(post(BODY)[:-1])
        assert (await client.receive()).status == 408
        await client.closed()


@on_loop
async def test_a_connection_that_nobody_uses_is_closed() -> None:
    async with gateway(limits=FAST) as house:
        fresh, used = await house.client(), await house.client()
        assert (await used.ask(get())).status == 200
        await asyncio.gather(fresh.closed(), used.closed())


@on_loop
async def test_a_connection_that_is_used_stays() -> None:
    async with gateway(limits=FAST) as house:
        client = await house.client()
        for _ in range(6):
            assert (await client.ask(get())).status == 200
            await asyncio.sleep(0.1)


@on_loop
async def test_a_request_under_way_has_all_the_time_it_needs() -> None:
    async with engine() as upstream, gateway(Admission(upstream.endpoint, holds=True), limits=FAST) as house:
        client = await house.client()
        await client.send(post())
        await asyncio.sleep(0.5)
        house.admission.grant(1)
        assert (await client.receive()).status == 200


@on_loop
async def test_a_trickling_body_arrives_whole() -> None:
    async with engine() as upstream, gateway(Admission(upstream.endpoint)) as house:
        client = await house.client()
        body = json.dumps({"model": "tiny", "x": "é" * 500}).encode()
        chunks = b"".join(b"1;e=x\r\n%c\r\n" % octet for octet in body) + b"0\r\nTrailer: x\r\n\r\n"
        head = b"POST /v1/embeddings HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        request = head + chunks
        await client.send(*(request[start : start + 7] for start in range(0, len(request), 7)))
        assert (await client.receive()).status == 200
        assert upstream.requests[0].body == body
        names = [name for name, _ in upstream.requests[0].headers]
        assert "trailer" not in names
        assert "transfer-encoding" not in names


@on_loop
async def test_a_large_body_arrives_whole() -> None:
    async with engine() as upstream, gateway(Admission(upstream.endpoint)) as house:
        client = await house.client()
        body = json.dumps({"model": "tiny", "image": "x" * 8_000_000}).encode()
        assert (await client.ask(post(body))).status == 200
        assert upstream.requests[0].body == body


@on_loop
async def test_an_upgrade_is_not_taken_up_and_the_body_is_read() -> None:
    upgrade = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk")
    async with engine() as upstream, gateway(Admission(upstream.endpoint)) as house:
        client = await house.client()
        for request in (post(BODY, *upgrade), get("/v1/models", *upgrade), get("/health", *upgrade)):
            assert (await client.ask(request + get("/nope"))).status == 200
            assert (await client.receive()).status == 404
        whole = post(BODY, *upgrade)
        await client.send(*(whole[start : start + 1] for start in range(len(whole))))
        assert (await client.receive()).status == 200
        assert [request.body for request in upstream.requests] == [BODY, BODY]
        assert "upgrade" not in [name for name, _ in upstream.requests[0].headers]


@on_loop
async def test_a_client_that_leaves_while_waiting_abandons() -> None:
    async with gateway(Admission(holds=True)) as house:
        for leave in ("abort", "write_eof"):
            client = await house.client()
            await client.send(post())
            house.admission.record.clear()
            await house.admission.until("ask")
            getattr(client.writer.transport, leave)()
            await house.admission.until("ask", "abandon")
            house.admission.check()
            house.admission.record.clear()


@on_loop
async def test_a_client_that_leaves_before_the_first_byte_cancels() -> None:
    cancelled = asyncio.Event()

    async def script(visit: Visit) -> None:
        await visit.read()
        await visit.gone()
        cancelled.set()

    async with engine(script) as upstream, gateway(Admission(upstream.endpoint)) as house:
        client = await house.client()
        await client.send(post())
        await house.admission.until("ask", "grant")
        while not upstream.requests:
            await asyncio.sleep(0.001)
        client.leave()
        await cancelled.wait()
        await house.admission.until("ask", "grant", "end")


@on_loop
async def test_a_refusal_is_answered_and_the_connection_goes_on() -> None:
    async with engine(answer_ok) as upstream, gateway(Admission(upstream.endpoint, holds=True)) as house:
        client = await house.client()
        await client.send(post() + post())
        await house.admission.until("ask")
        house.admission.refuse(1, RefusalKind.UNLOADED, "`tiny` was unloaded")
        reply = await client.receive()
        assert (reply.status, reply.header("retry-after")) == (503, "5")
        house.admission.grant(2)
        assert (await client.receive()).body == OK[-2:]
