import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from remuda.edge.fetch import ask, fetch
from remuda.edge.http.seam import Endpoint
from remuda.engines.contract import Call
from remuda.errors import EffectError


class Server:
    """Answers every request with the same bytes, and remembers what was asked."""

    def __init__(self, response: bytes, *, closes: bool) -> None:
        self._response = response
        self._closes = closes
        self.request = b""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.request = await reader.readuntil(b"\r\n\r\n")
        writer.write(self._response)
        if not self._closes:
            await reader.read()
        writer.close()


@asynccontextmanager
async def serving(response: bytes, *, closes: bool = True) -> AsyncIterator[tuple[Endpoint, Server]]:
    answering = Server(response, closes=closes)
    server = await asyncio.start_server(answering.serve, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()
        yield Endpoint(host, port, base_path="/base"), answering


async def get(endpoint: Endpoint, *, timeout_s: float = 10) -> bytes:
    return await fetch(endpoint, "/metrics", timeout_s=timeout_s, max_bytes=100)


@pytest.mark.parametrize(
    "response",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nhello",
    ],
)
async def test_a_page_is_got_however_it_ends(response: bytes) -> None:
    async with serving(response) as (endpoint, server):
        assert await get(endpoint) == b"hello"
    assert server.request.startswith(b"GET /base/metrics HTTP/1.1\r\n")


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (b"HTTP/1.1 501 No\r\ncontent-length: 2\r\n\r\nno", "status 501"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n" + b"x" * 500, "longer than 100 bytes"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhel", "ended in the middle"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhe\r\n", "ended in the middle"),
        (b"", "ended in the middle"),
        (b"\0\1 no HTTP\r\n\r\n", "cannot get"),
    ],
)
async def test_what_is_not_a_whole_page_is_an_error(response: bytes, reason: str) -> None:
    async with serving(response) as (endpoint, _):
        with pytest.raises(EffectError, match=reason):
            await get(endpoint)


async def test_who_does_not_answer_in_time_is_an_error() -> None:
    async with serving(b"HTTP/1.1 200 OK\r\n", closes=False) as (endpoint, _):
        with pytest.raises(EffectError, match=r"within 0\.05 s"):
            await get(endpoint, timeout_s=0.05)


async def test_nobody_there_is_an_error() -> None:
    async with serving(b"") as (endpoint, _):
        pass
    with pytest.raises(EffectError, match="cannot get"):
        await get(endpoint)


async def test_an_engine_can_be_told_something() -> None:
    async with serving(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}") as (endpoint, server):
        assert await ask(endpoint, Call("POST", "/sleep?level=1", b'{"x": 1}'), timeout_s=10) == b"{}"
    assert server.request.startswith(b"POST /base/sleep?level=1 HTTP/1.1\r\n")
    assert b"Content-Type: application/json\r\nContent-Length: 8\r\n" in server.request
