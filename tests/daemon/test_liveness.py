"""Engines that hang, and engines that only look like it, over real sockets."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from remuda.daemon.liveness import hangs, signs_of
from remuda.edge.http.seam import Endpoint
from remuda.engines.contract import Readiness

HEALTH = Readiness("/health")
LIMIT_S = 0.4
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


async def unwell(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 503 x\r\n\r\n")
    writer.close()


async def streams(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers health with silence, and everything else with a word now and then."""
    if b"/health" in await reader.readuntil(b"\r\n\r\n"):
        await reader.read()
    while not reader.at_eof() and not writer.is_closing():
        writer.write(b"word ")
        await asyncio.sleep(0.05)
    writer.close()


@asynccontextmanager
async def server(serve: Serve) -> AsyncIterator[Endpoint]:
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as found:
        yield Endpoint(*found.sockets[0].getsockname()[:2])


async def is_found_hanging(endpoint: Endpoint, log: Path) -> bool:
    try:
        async with asyncio.timeout(LIMIT_S * 4):
            await hangs(endpoint, HEALTH, LIMIT_S, signs_of(endpoint.port, log))
    except TimeoutError:
        return False
    return True


async def test_one_that_shows_no_sign_of_life_hangs(tmp_path: Path) -> None:
    async with server(silent) as endpoint:
        assert await is_found_hanging(endpoint, tmp_path / "log")


async def test_any_answer_is_life(tmp_path: Path) -> None:
    async with server(unwell) as endpoint:
        assert not await is_found_hanging(endpoint, tmp_path / "log")


async def test_trap_31_one_that_streams_is_busy_and_hangs_once_it_does_not(tmp_path: Path) -> None:
    async with server(streams) as endpoint:
        reader, writer = await asyncio.open_connection(endpoint.host, endpoint.port)
        writer.write(b"GET /v1 HTTP/1.1\r\n\r\n")
        reading = asyncio.get_running_loop().create_task(reader.read())
        assert not await is_found_hanging(endpoint, tmp_path / "log")
        writer.close()
        await asyncio.gather(reading, return_exceptions=True)
        assert await is_found_hanging(endpoint, tmp_path / "log")


async def test_requests_that_come_and_go_unanswered_are_no_life(tmp_path: Path) -> None:
    async with server(silent) as endpoint:

        async def knock() -> None:
            while not found.is_set():
                _, writer = await asyncio.open_connection(endpoint.host, endpoint.port)
                writer.write(b"POST /v1 HTTP/1.1\r\n\r\n")
                await asyncio.sleep(0.05)
                writer.close()

        found = asyncio.Event()
        knocking = asyncio.get_running_loop().create_task(knock())
        assert await is_found_hanging(endpoint, tmp_path / "log")
        found.set()
        await knocking


async def test_a_log_that_grows_is_life(tmp_path: Path) -> None:
    log = tmp_path / "log"
    async with server(silent) as endpoint:

        async def write() -> None:
            while True:
                with log.open("a") as file:
                    file.write("step\n")
                await asyncio.sleep(0.05)

        writing = asyncio.get_running_loop().create_task(write())
        assert not await is_found_hanging(endpoint, log)
        writing.cancel()


async def test_nothing_is_condemned_where_the_kernel_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("remuda.daemon.liveness.received_bytes", lambda _: None)
    async with server(silent) as endpoint:
        assert not await is_found_hanging(endpoint, tmp_path / "log")
