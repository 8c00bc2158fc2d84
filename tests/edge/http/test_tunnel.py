from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

from remuda.edge.http.seam import Endpoint
from remuda.residency.commands import RefusalKind
from tests.edge.http.harness import Admission, House, Visit, engine, gateway, get, on_loop

UPGRADE = (
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)


async def echo(connection: ServerConnection) -> None:
    assert connection.request is not None
    await connection.send(connection.request.path)
    async for message in connection:
        await connection.send(message)


@contextlib.asynccontextmanager
async def speaking() -> AsyncIterator[Endpoint]:
    """A server that repeats what it is told."""
    async with serve(echo, "127.0.0.1", 0, max_size=None) as server:
        yield Endpoint("127.0.0.1", server.sockets[0].getsockname()[1], served_name="real")


def url(house: House, path: str) -> str:
    host, port = house.server.addresses[0]
    return f"ws://{host}:{port}{path}"


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/upstream/tiny/ws/deep?x=1", "/ws/deep?x=1"),
        ("/v1/realtime?model=tiny&voice=a", "/v1/realtime?voice=a&model=real"),
    ],
)
def test_a_websocket_goes_through(path: str, asked: str) -> None:
    @on_loop
    async def run() -> None:
        async with speaking() as endpoint, gateway(Admission(endpoint)) as house:
            async with connect(url(house, path), max_size=None, compression=None) as socket:
                assert await socket.recv() == asked
                for message in ("hello", b"\0" * 3_000_000):
                    await socket.send(message)
                    assert await socket.recv() == message
                assert house.admission.record == [("ask", 1), ("grant", 1)]
            await house.admission.until("ask", "grant", "end")
            assert house.observer.last.status == 101
            assert house.observer.last.bytes_out > 3_000_000

    run()


@on_loop
async def test_what_the_client_says_before_there_is_an_engine_is_kept() -> None:
    async with speaking() as endpoint, gateway(Admission(endpoint, holds=True)) as house:
        client = await house.client()
        await client.send(get("/upstream/tiny/", *UPGRADE))
        await house.admission.until("ask")
        await client.send(b"\x81\x85\0\0\0\0early")
        await asyncio.sleep(0.05)
        house.admission.grant(1)
        head = await client.reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n")
        assert await client.reader.readexactly(3 + 7) == b"\x81\x01/" + b"\x81\x05early"


@on_loop
async def test_a_client_that_leaves_closes_the_engines_side() -> None:
    gone = asyncio.Event()

    async def script(visit: Visit) -> None:
        await visit.read()
        await visit.send(b"HTTP/1.1 101 X\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n")
        assert await visit.reader.read() == b""
        gone.set()

    async with engine(script) as upstream, gateway(Admission(upstream.endpoint)) as house:
        client = await house.client()
        await client.send(get("/upstream/tiny/", *UPGRADE))
        await client.reader.readuntil(b"\r\n\r\n")
        client.leave()
        await asyncio.wait_for(gone.wait(), 5)
        await house.admission.until("ask", "grant", "end")


@on_loop
async def test_an_engine_that_leaves_closes_the_clients_side() -> None:
    async def script(visit: Visit) -> None:
        await visit.read()
        await visit.send(b"HTTP/1.1 101 X\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\nlast words")

    async with engine(script) as upstream, gateway(Admission(upstream.endpoint)) as house:
        client = await house.client()
        await client.send(get("/upstream/tiny/", *UPGRADE))
        await client.reader.readuntil(b"\r\n\r\n")
        assert await client.reader.read() == b"last words"


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (b"HTTP/1.1 426 X\r\ncontent-length: 2\r\n\r\n{}", 426),
        (b"HTTP/1.1 404 X\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 404),
        (b"nonsense\r\n\r\n", 502),
        (b"", 502),
        (b"x" * 100_000, 502),
    ],
)
def test_an_engine_that_does_not_switch_is_relayed(answer: bytes, status: int) -> None:
    @on_loop
    async def run() -> None:
        async def script(visit: Visit) -> None:
            await visit.read()
            await visit.send(answer)

        async with engine(script) as upstream, gateway(Admission(upstream.endpoint)) as house:
            client = await house.client()
            reply = await client.ask(get("/upstream/tiny/", *UPGRADE), method="GET")
            assert reply.status == status
            await client.closed()
            assert house.observer.last.status == status

    run()


@on_loop
async def test_a_refusal_is_told_in_http() -> None:
    async with gateway(Admission(holds=True)) as house:
        client = await house.client()
        await client.send(get("/upstream/tiny/", *UPGRADE))
        await house.admission.until("ask")
        house.admission.refuse(1, RefusalKind.UNLOADED, "`tiny` was unloaded")
        assert (await client.receive(method="GET")).status == 503


@on_loop
async def test_elsewhere_an_upgrade_is_ignored_as_a_server_may() -> None:
    async with gateway() as house:
        client = await house.client()
        assert (await client.ask(get("/health", *UPGRADE), method="GET")).status == 200
        assert (await client.ask(get("/health"), method="GET")).status == 200


@on_loop
async def test_a_side_that_does_not_read_holds_the_other_up() -> None:
    sent = 0

    async def script(visit: Visit) -> None:
        nonlocal sent
        await visit.read()
        await visit.send(b"HTTP/1.1 101 X\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            while sent < 200_000_000:
                visit.writer.write(b"x" * 100_000)
                await visit.writer.drain()
                sent += 100_000

    async with engine(script) as upstream, gateway(Admission(upstream.endpoint)) as house:
        client = await house.client()
        await client.send(get("/upstream/tiny/", *UPGRADE))
        before = -1
        while before != sent:
            before = sent
            await asyncio.sleep(0.3)
        assert sent < 50_000_000
