from __future__ import annotations

import asyncio
import json
import socket
import struct
from dataclasses import replace

import pytest

from remuda.edge.http.chunks import ChunkRelay
from remuda.edge.http.exchange import Exchange
from remuda.edge.http.frontend import Frontend
from remuda.edge.http.limits import Limits
from remuda.engines.contract import Failure, FailureKind
from remuda.gateway.api import PATHS
from remuda.gateway.decide import Admitted, decide
from remuda.gateway.envelope import Answer
from remuda.gateway.forward import Forward
from remuda.gateway.head import RequestHead, read_head
from remuda.gateway.keys import OPEN
from remuda.gateway.traits import Traits
from remuda.residency.commands import RefusalKind, Refuse
from tests.edge.http.harness import (
    BODY,
    GATEWAY,
    OK,
    STREAM,
    Admission,
    Reply,
    Visit,
    engine,
    gateway,
    get,
    on_loop,
    post,
    service,
)


def chunked(*pieces: bytes) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)


def code(reply: Reply) -> object:
    content = json.loads(reply.body)
    assert content["source"] == "remuda"
    return content["error"]["code"]


@on_loop
async def test_the_served_name_replaces_the_asked_one() -> None:
    async with engine() as upstream, gateway(Admission(replace(upstream.endpoint, served_name="served"))) as house:
        client = await house.client()
        for asked in ("t", "tiny", "served"):
            await client.ask(post(json.dumps({"model": asked, "n": 1}).encode()))
        assert [json.loads(request.body) for request in upstream.requests] == [{"model": "served", "n": 1}] * 2
        assert [dict(request.headers)["content-length"] for request in upstream.requests] == ["24"] * 2


@on_loop
async def test_a_base_path_comes_before_the_path() -> None:
    async with engine() as upstream, gateway(Admission(replace(upstream.endpoint, base_path="/base"))) as house:
        await (await house.client()).ask(post(BODY, path="/v1/completions?q=%2F"))
        assert upstream.requests[0].target == "/base/v1/completions?q=%2F"
        assert dict(upstream.requests[0].headers)["x-forwarded-for"] == "127.0.0.1"


@on_loop
async def test_a_head_that_is_sent_again_is_what_the_fleet_file_says_by_then() -> None:
    keys = [{b"x-engine-key": b"first"}, {b"x-engine-key": b"second"}, {}]
    async with engine() as upstream, gateway(Admission(upstream.endpoint)) as house:
        client = await house.client()
        for headers in keys:
            house.server.replace(replace(GATEWAY, traits={"tiny": Traits(headers=headers)}), Limits())
            for body in (b'{"model":"tiny"}', b'{"model":"tiny","n":10}'):
                assert (await client.ask(post(body))).status == 200
        seen = [dict(request.headers) for request in upstream.requests]
        assert [fields.get("x-engine-key") for fields in seen] == ["first"] * 2 + ["second"] * 2 + [None] * 2
        assert [fields["content-length"] for fields in seen] == ["16", "23"] * 3


@on_loop
async def test_every_stream_goes_to_its_own_client_whoever_had_the_connection_before() -> None:
    async def script(visit: Visit) -> None:
        for number in range(4):
            await visit.read()
            first, second, last = (chunked(b"data: %d %d\n\n" % (number, at)) for at in range(3))
            if number % 2:
                for piece in (STREAM, first, second, last, b"0\r\n\r\n"):
                    await visit.send(piece)
                    await asyncio.sleep(0.02)
            else:
                await visit.send(STREAM + first + second + last + b"0\r\n\r\n")

    async with engine(script) as upstream, gateway(Admission(upstream.endpoint)) as house:
        clients = [await house.client() for _ in range(4)]
        for number, client in enumerate(clients):
            reply = await client.ask(post())
            assert reply.body == b"".join(b"data: %d %d\n\n" % (number, at) for at in range(3))
        assert len(upstream.visits) == 1


@on_loop
async def test_a_stream_passes_event_by_event() -> None:
    go_on = asyncio.Event()

    async def script(visit: Visit) -> None:
        await visit.read()
        await visit.send(STREAM + chunked(b"data: 1\n\n"))
        await go_on.wait()
        await visit.send(chunked(b"data: 2\n\n") + b"0\r\nTrailer: gone\r\n\r\n")
        await visit.gone()

    async with engine(script) as upstream, gateway(Admission(upstream.endpoint)) as house:
        client = await house.client()
        await client.send(post())
        assert b"trailer" not in await client.reader.readuntil(b"data: 1\n\n\r\n")
        go_on.set()
        assert await client.reader.readuntil(b"0\r\n\r\n") == b"9\r\ndata: 2\n\n\r\n0\r\n\r\n"
        assert (await client.ask(get())).status == 200


@on_loop
async def test_a_reader_that_stops_stops_the_engine() -> None:
    sent = 0

    async def script(visit: Visit) -> None:
        nonlocal sent
        await visit.read()
        await visit.send(STREAM)
        visit.writer.transport.set_write_buffer_limits(0)
        for _ in range(400):
            await visit.send(chunked(b"x" * 100_000))
            sent += 1
        await visit.send(b"0\r\n\r\n")
        await visit.gone()

    async with engine(script) as upstream, gateway(Admission(upstream.endpoint)) as house:
        client = await house.client()
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await client.send(post())
        before = -1
        while sent != before or not sent:
            before = sent
            await asyncio.sleep(0.3)
        assert sent < 300
        client.writer.transport.resume_reading()  # type: ignore[attr-defined]
        reply = await client.receive()
        assert (len(reply.body), reply.is_whole) == (40_000_000, True)
        assert (await client.ask(get())).status == 200


@on_loop
async def test_a_client_that_leaves_in_the_middle_cancels() -> None:
    cancelled = asyncio.Event()

    async def script(visit: Visit) -> None:
        await visit.read()
        await visit.send(STREAM + chunked(b"data: 1\n\n"))
        await visit.gone()
        cancelled.set()

    async with engine(script) as upstream, gateway(Admission(upstream.endpoint)) as house:
        for leave in ("abort", "write_eof"):
            cancelled.clear()
            client = await house.client()
            await client.send(post() + post())
            await client.reader.readuntil(b"data: 1\n\n")
            getattr(client.writer.transport, leave)()
            await cancelled.wait()
        await house.admission.until(*["ask", "grant", "end"] * 2)


@on_loop
async def test_a_client_that_leaves_while_the_engine_is_being_connected_to() -> None:
    async with gateway(Admission(holds=True)) as house:
        client = await house.client()
        await client.send(post())
        await house.admission.until("ask")
        house.admission.grant(1)
        client.leave()
        await house.admission.until("ask", "grant", "end")


@on_loop
async def test_an_engine_that_is_not_there_is_502() -> None:
    async with engine() as upstream:
        endpoint = upstream.endpoint
    async with gateway(Admission(endpoint)) as house:
        client = await house.client()
        for _ in range(2):
            reply = await client.ask(post())
            assert (reply.status, code(reply)) == (502, "engine_unreachable")
        await house.admission.until(*["ask", "grant", "dropped", "ask", "grant", "end"] * 2)


@on_loop
async def test_a_request_that_finds_nobody_there_goes_to_the_next_instance() -> None:
    async with engine() as gone:
        dead = gone.endpoint
    async with engine() as upstream, gateway(Admission(dead)) as house:
        house.admission.successor = upstream.endpoint
        client = await house.client()
        assert (await client.ask(post())).status == 200
        await house.admission.until("ask", "grant", "dropped", "ask", "grant", "end")


@on_loop
async def test_a_client_may_leave_while_its_request_waits_for_the_next_instance() -> None:
    async with engine() as gone:
        dead = gone.endpoint
    async with gateway(Admission(dead)) as house:
        client = await house.client()
        house.admission.holds = True
        await client.send(post())
        await house.admission.until("ask")
        house.admission.grant(1)
        await house.admission.until("ask", "grant", "dropped", "ask")
        client.leave()
        await house.admission.until("ask", "grant", "dropped", "ask", "abandon")


@pytest.mark.parametrize(("partial", "tries"), [(b"", 2), (b"HTTP/1.1 200 OK\r\nContent-Le", 1)])
@on_loop
async def test_an_engine_that_dies_before_its_head_is_502(partial: bytes, tries: int) -> None:
    async def script(visit: Visit) -> None:
        await visit.read()
        await visit.send(partial)

    async with engine(script) as upstream, gateway(Admission(upstream.endpoint)) as house:
        client = await house.client()
        reply = await client.ask(post())
        assert (reply.status, code(reply)) == (502, "engine_lost")
        assert (await client.ask(get())).status == 200
        assert len(upstream.visits) == tries


GARBAGE = [
    b"\x00\x01\r\n\r\n",
    b"HTTP/1.1 OK\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nA\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nX: " + b"a" * 600_000,
    b"HTTP/1.1 100 Continue\r\n\r\n" * 30_000,
]


@pytest.mark.parametrize("garbage", GARBAGE)
@on_loop
async def test_garbage_is_502(garbage: bytes) -> None:
    async def script(visit: Visit) -> None:
        await visit.read()
        await visit.send(garbage)
        await visit.gone()

    async with engine(script) as upstream, gateway(Admission(upstream.endpoint)) as house:
        client = await house.client()
        reply = await client.ask(post())
        assert (reply.status, code(reply)) == (502, "engine_garbled")
        assert (await client.ask(get())).status == 200


@pytest.mark.parametrize("end", [b"", b"zz\r\n"])
@on_loop
async def test_an_engine_that_dies_between_events_ends_the_stream_with_an_event(end: bytes) -> None:
    async def script(visit: Visit) -> None:
        await visit.read()
        await visit.send(STREAM + chunked(b"data: 1\n", b"\n"))
        await visit.send(end)

    async with engine(script) as upstream, gateway(Admission(upstream.endpoint)) as house:
        client = await house.client()
        reply = await client.ask(post())
        first, second, rest = reply.body.split(b"\n\n")
        assert (reply.is_whole, first, rest) == (True, b"data: 1", b"")
        error = json.loads(second.removeprefix(b"data: "))["error"]
        assert error["code"] == ("engine_garbled" if end else "engine_lost")
        assert "`tiny`" in error["message"]
        assert (await client.ask(get())).status == 200


@pytest.mark.parametrize(
    "response",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(b"{}"),
        STREAM + chunked(b'data: {"half'),
        STREAM + chunked(b"data: 1\n\ndata: 2\n"),
        STREAM.replace(b"\r\n\r\n", b"\r\nContent-Encoding: gzip\r\n\r\n") + chunked(b"\n\n"),
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 100\r\n\r\ndata: 1\n\n",
    ],
)
@pytest.mark.parametrize("version", [b"HTTP/1.1", b"HTTP/1.0"])
@on_loop
async def test_a_body_that_ends_early_never_looks_whole(response: bytes, version: bytes) -> None:
    async def script(visit: Visit) -> None:
        await visit.read()
        await visit.send(response)

    async with engine(script) as upstream, gateway(Admission(upstream.endpoint)) as house:
        client = await house.client()
        reply = await client.ask(post().replace(b"HTTP/1.1", version))
        assert (reply.status, reply.is_whole) == (200, False)


@on_loop
async def test_a_body_until_the_close_does_not_end_with_a_reset() -> None:
    async def script(visit: Visit) -> None:
        await visit.read()
        await visit.send(b"HTTP/1.1 200 OK\r\n\r\nabc")
        await reset.wait()
        linger = struct.pack("ii", 1, 0)
        visit.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    for is_reset in (False, True):
        reset = asyncio.Event()
        async with engine(script) as upstream, gateway(Admission(upstream.endpoint)) as house:
            client = await house.client()
            await client.send(post())
            await client.reader.readuntil(b"abc\r\n")
            if is_reset:
                reset.set()
                with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                    await client.reader.readuntil(b"0\r\n\r\n")
            else:
                upstream.visits[0].writer.close()
                assert await client.reader.readuntil(b"0\r\n\r\n") == b"0\r\n\r\n"


@on_loop
async def test_a_stream_to_an_http_1_0_client_can_end_with_an_event_too() -> None:
    async def script(visit: Visit) -> None:
        await visit.read()
        await visit.send(STREAM + chunked(b"data: 1\n\n"))

    async with engine(script) as upstream, gateway(Admission(upstream.endpoint)) as house:
        reply = await (await house.client()).ask(post().replace(b"HTTP/1.1", b"HTTP/1.0"))
        assert reply.is_whole
        assert reply.body.startswith(b'data: 1\n\ndata: {"error":')


@on_loop
async def test_a_kept_connection_that_has_been_closed_is_replaced_once() -> None:
    async def script(visit: Visit) -> None:
        await visit.read()
        await visit.send(OK)
        if len(visit.requests) == 1:
            await visit.read()
            visit.requests.pop()

    async with engine(script) as upstream, gateway(Admission(upstream.endpoint)) as house:
        client = await house.client()
        assert [(await client.ask(post())).status for _ in range(2)] == [200, 200]
        assert len(upstream.visits) == 2
        await house.admission.until(*["ask", "grant", "end"] * 2)


@on_loop
async def test_a_request_is_sent_on_a_kept_connection_a_new_one_and_one_to_the_successor_and_no_more() -> None:
    async def script(visit: Visit) -> None:
        await visit.read()
        if len(visit.requests) == 1:
            await visit.send(OK)
            await visit.read()

    async with engine(script) as upstream, gateway(Admission(upstream.endpoint)) as house:
        client = await house.client()
        assert (await client.ask(post())).status == 200
        reply = await client.ask(post())
        assert (reply.status, code(reply)) == (502, "engine_lost")
        assert len(upstream.requests) == 1 + 3


@on_loop
async def test_an_engine_that_has_gone_away_was_lost() -> None:
    async def script(visit: Visit) -> None:
        await visit.read()
        await visit.send(OK)
        await visit.read()

    async with engine(script) as upstream, gateway(Admission(upstream.endpoint)) as house:
        client = await house.client()
        assert (await client.ask(post())).status == 200
        upstream.stop()
        reply = await client.ask(post())
        assert (reply.status, code(reply)) == (502, "engine_lost")


@on_loop
async def test_a_kept_connection_that_has_begun_to_answer_is_not_replaced() -> None:
    async def script(visit: Visit) -> None:
        await visit.read()
        await visit.send(OK)
        await visit.read()
        await visit.send(OK[:10])

    async with engine(script) as upstream, gateway(Admission(upstream.endpoint)) as house:
        client = await house.client()
        assert (await client.ask(post())).status == 200
        reply = await client.ask(post())
        assert (reply.status, code(reply), len(upstream.visits)) == (502, "engine_lost", 1)


class SlowDownstream:
    """A client that stops reading with every write."""

    address = "192.0.2.1"
    keeps_alive = True

    def __init__(self, frontend: Frontend) -> None:
        head = read_head(b"POST", b"/v1/completions", "1.1", [(b"host", b"x")])
        assert isinstance(head, RequestHead)
        self.is_finished = asyncio.Event()
        outcome = decide(Admitted(head, OPEN, PATHS[b"/v1/completions"]), BODY, frontend.gateway)
        assert isinstance(outcome, Forward)
        self.exchange = Exchange(outcome, BODY, self, frontend)
        self.exchange.begin()

    def write(self, data: bytes) -> None:
        assert data.endswith(b"{}")
        self.exchange.pause()

    def relay(self) -> ChunkRelay:
        raise AssertionError

    def answer(self, answer: Answer) -> None:
        raise AssertionError(answer)

    def finished(self, *, keep_alive: bool) -> None:
        assert keep_alive
        self.is_finished.set()

    def abort(self) -> None:
        raise AssertionError


@on_loop
async def test_a_client_that_reads_slowly_does_not_hold_up_the_next_user_of_the_connection() -> None:
    async with engine() as upstream:
        admission = Admission(upstream.endpoint)
        frontend = Frontend.of(service(admission), asyncio.get_running_loop())
        for _ in range(3):
            await SlowDownstream(frontend).is_finished.wait()
        assert len(upstream.visits) == 1
        admission.check()
        frontend.pool.close()


@on_loop
async def test_a_connection_that_breaks_late_was_not_stale() -> None:
    async def script(visit: Visit) -> None:
        await visit.read()
        await visit.send(OK)
        await visit.read()
        await asyncio.sleep(0.3)

    async with engine(script) as upstream, gateway(Admission(upstream.endpoint), limits=Limits(early_s=0.1)) as house:
        client = await house.client()
        assert (await client.ask(post())).status == 200
        reply = await client.ask(post())
        assert (reply.status, code(reply), len(upstream.visits)) == (502, "engine_lost", 1)


@on_loop
async def test_a_failed_load_is_told_with_its_log() -> None:
    async with gateway(Admission(holds=True)) as house:
        client = await house.client()
        await client.send(post())
        await house.admission.until("ask")
        failure = Failure(FailureKind.BAD_FLAG, "bad flag", ("error: no such flag",))
        refusal = Refuse(1, "tiny", RefusalKind.LOAD_FAILED, "cannot load `tiny`: bad flag", failure)
        house.admission.waiting.pop(1).refused(refusal)
        house.admission.note("refuse", 1)
        reply = await client.receive()
        assert (reply.status, code(reply)) == (502, "bad_flag")
        assert "error: no such flag" in json.loads(reply.body)["error"]["message"]
