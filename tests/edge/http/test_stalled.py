"""Engines that stall, half-close and die, and readers that stop: nothing waits for ever, and nothing piles up."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import socket
import struct

import pytest

from remuda.edge.http.limits import Limits
from tests.edge.http.harness import STREAM, Admission, Client, Visit, engine, gateway, get, on_loop, post

EVENT = b"9\r\ndata: 1\n\n\r\n"
BLOCK = b"x" * 100_000
FLOOD = 64_000_000
BUFFERS = 2_000_000
"""What may wait in buffers of this process, while much more than that is to be sent."""

WEBSOCKET = get("/upstream/tiny/ws", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: x")
SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
HEADS = {
    "events": (post(), STREAM),
    "a length": (post(), b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % FLOOD),
    "until the close": (post(), b"HTTP/1.1 200 OK\r\n\r\n"),
    "a tunnel": (WEBSOCKET, SWITCHED),
}


def waiting_bytes() -> int:
    """What all transports of this process have taken and not yet handed to the kernel."""
    gc.collect()
    transports = [thing for thing in gc.get_objects() if type(thing).__name__ == "TCPTransport"]
    sizes = [transport.get_write_buffer_size() for transport in transports]
    assert len(sizes) >= 2, "the transports are not seen"
    return sum(sizes)


class Flood:
    """Sends for ever; it may be sent as much as the other side takes."""

    def __init__(self) -> None:
        self.sent_bytes = 0

    async def pour(self, writer: asyncio.StreamWriter, block: bytes) -> None:
        writer.transport.set_write_buffer_limits(0)
        with contextlib.suppress(ConnectionError):
            while self.sent_bytes < FLOOD:
                writer.write(block)
                await writer.drain()
                self.sent_bytes += len(BLOCK)

    async def until_it_stands_still(self) -> None:
        before = -1
        while self.sent_bytes != before or not self.sent_bytes:
            before = self.sent_bytes
            await asyncio.sleep(0.2)


def reset(visit: Visit) -> None:
    """Die as a killed process with unread bytes does."""
    linger = struct.pack("ii", 1, 0)
    visit.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    visit.writer.close()


def code(body: bytes) -> object:
    return json.loads(body)["error"]["code"]


@pytest.mark.parametrize(("request_", "head"), HEADS.values(), ids=HEADS.keys())
@on_loop
async def test_a_reader_that_stops_makes_nothing_pile_up(request_: bytes, head: bytes) -> None:
    flood = Flood()

    async def script(visit: Visit) -> None:
        await visit.read()
        await visit.send(head)
        await flood.pour(visit.writer, b"%x\r\n%b\r\n" % (len(BLOCK), BLOCK) if head is STREAM else BLOCK)

    async with engine(script) as upstream, gateway(Admission(upstream.endpoint)) as house:
        client = await house.client()
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await client.send(request_)
        await flood.until_it_stands_still()
        assert flood.sent_bytes < FLOOD
        assert waiting_bytes() < BUFFERS
        client.leave()
        await upstream.until_open(0)
        await house.admission.until("ask", "grant", "end")


@on_loop
async def test_an_engine_that_stops_reading_a_tunnel_makes_nothing_pile_up() -> None:
    flood = Flood()

    async def script(visit: Visit) -> None:
        await visit.read()
        await visit.send(SWITCHED)
        visit.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await over.wait()

    over = asyncio.Event()
    async with engine(script) as upstream, gateway(Admission(upstream.endpoint)) as house:
        client = await house.client()
        await client.send(WEBSOCKET)
        assert b" 101 " in await client.reader.readuntil(b"\r\n\r\n")
        pouring = asyncio.ensure_future(flood.pour(client.writer, BLOCK))
        await flood.until_it_stands_still()
        assert flood.sent_bytes < FLOOD
        assert waiting_bytes() < BUFFERS
        pouring.cancel()
        client.leave()
        over.set()


@on_loop
async def test_an_engine_that_stops_reading_holds_the_body_once() -> None:
    async def script(visit: Visit) -> None:
        visit.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await over.wait()

    over = asyncio.Event()
    body = json.dumps({"model": "tiny", "x": "x" * 30_000_000}).encode()
    async with engine(script) as upstream, gateway(Admission(upstream.endpoint)) as house:
        client = await house.client()
        await client.send(post(body))
        await house.admission.until("ask", "grant")
        await upstream.until_open(1)
        assert waiting_bytes() < len(body) + BUFFERS
        client.leave()
        await house.admission.until("ask", "grant", "end")
        while waiting_bytes() > BUFFERS:
            await asyncio.sleep(0.01)
        over.set()


@on_loop
async def test_an_engine_that_does_not_begin_to_answer_is_waited_for_unless_there_is_a_bound() -> None:
    async def script(visit: Visit) -> None:
        await visit.read()
        await visit.gone()

    async with (
        engine(script) as upstream,
        gateway(Admission(upstream.endpoint), limits=Limits(first_byte_s=0.2)) as house,
    ):
        client = await house.client()
        reply = await client.ask(post())
        assert (reply.status, code(reply.body)) == (504, "engine_timeout")
        await upstream.until_open(0)
        assert (await client.ask(get())).status == 200
    assert Limits().first_byte_s is None


@on_loop
async def test_a_stream_that_pauses_goes_on_however_long_it_paused() -> None:
    goes_on = asyncio.Event()

    async def script(visit: Visit) -> None:
        await visit.read()
        await visit.send(STREAM + EVENT)
        await goes_on.wait()
        await visit.send(EVENT + b"0\r\n\r\n")
        await visit.gone()

    bounds = Limits(head_s=0.1, body_pause_s=0.1, keep_alive_s=0.1, linger_s=0.1, idle_s=0.1, first_byte_s=0.1)
    async with engine(script) as upstream, gateway(Admission(upstream.endpoint), limits=bounds) as house:
        client = await house.client()
        await client.send(post())
        await client.reader.readuntil(b"data: 1\n\n\r\n")
        await asyncio.sleep(0.5)
        goes_on.set()
        assert await client.reader.readuntil(b"0\r\n\r\n") == EVENT + b"0\r\n\r\n"


@pytest.mark.parametrize("leave", ["abort", "write_eof"])
@on_loop
async def test_a_stream_that_stalls_ends_with_its_client(leave: str) -> None:
    async def script(visit: Visit) -> None:
        await visit.read()
        await visit.send(STREAM + EVENT)
        await visit.gone()

    async with engine(script) as upstream, gateway(Admission(upstream.endpoint)) as house:
        client = await house.client()
        await client.send(post())
        await client.reader.readuntil(b"data: 1\n\n")
        getattr(client.writer.transport, leave)()
        await upstream.until_open(0)
        await house.admission.until("ask", "grant", "end")


@on_loop
async def test_an_engine_that_half_closes_after_its_answer_is_asked_on_a_new_connection() -> None:
    async def script(visit: Visit) -> None:
        await visit.read()
        await visit.send(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
        visit.writer.write_eof()
        await visit.gone()

    async with engine(script) as upstream, gateway(Admission(upstream.endpoint)) as house:
        client = await house.client()
        for count in range(1, 4):
            assert (await client.ask(post())).body == b"{}"
            await upstream.until_open(0)
            assert len(upstream.visits) == count


@pytest.mark.parametrize(
    ("begun", "status"),
    [(b"", 502), (b"HTTP/1.1 200 OK\r\nconten", 502), (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{}", 200)],
)
@on_loop
async def test_an_engine_that_half_closes_before_the_end_is_not_waited_for(begun: bytes, status: int) -> None:
    async def script(visit: Visit) -> None:
        await visit.read()
        await visit.send(begun)
        visit.writer.write_eof()
        await visit.gone()

    async with engine(script) as upstream, gateway(Admission(upstream.endpoint)) as house:
        reply = await (await house.client()).ask(post())
        assert (reply.status, reply.is_whole) == (status, status == 502)
        await upstream.until_open(0)


@on_loop
async def test_an_engine_that_dies_while_it_is_sent_a_large_body() -> None:
    async def script(visit: Visit) -> None:
        await visit.reader.readuntil(b"\r\n\r\n")
        reset(visit)

    body = json.dumps({"model": "tiny", "x": "x" * 10_000_000}).encode()
    async with engine(script) as upstream, gateway(Admission(upstream.endpoint)) as house:
        client = await house.client()
        reply = await client.ask(post(body))
        assert (reply.status, code(reply.body)) == (502, "engine_lost")
        assert (await client.ask(get())).status == 200


@on_loop
async def test_many_streams_that_die_at_once_all_hear_of_it() -> None:
    async def script(visit: Visit) -> None:
        await visit.read()
        await visit.send(STREAM + EVENT)
        await dies.wait()
        reset(visit)

    async def watch(client: Client) -> bytes:
        await client.send(post())
        await client.reader.readuntil(b"data: 1\n\n\r\n")
        begun.release()
        return await client.reader.readuntil(b"0\r\n\r\n")

    dies, begun = asyncio.Event(), asyncio.Semaphore(0)
    async with engine(script) as upstream, gateway(Admission(upstream.endpoint)) as house:
        watching = [asyncio.ensure_future(watch(await house.client())) for _ in range(50)]
        for _ in watching:
            await begun.acquire()
        dies.set()
        assert all(b'"code":"engine_lost"' in last for last in await asyncio.gather(*watching))
        await upstream.until_open(0)
        # What is written down is what the clients saw, and why it was not all.
        assert {(record.status, record.error) for record in house.observer.records} == {(200, "engine_lost")}
