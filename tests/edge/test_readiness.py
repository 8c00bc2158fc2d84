import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from remuda.edge import ports, process, readiness
from remuda.edge.http.seam import Endpoint
from remuda.engines.contract import Readiness

FAKE = Path(__file__).parents[1] / "fake_engine.py"
HEALTH = Readiness("/health")


@asynccontextmanager
async def engine(directory: Path, *switches: str) -> AsyncIterator[tuple[process.Process, Endpoint, Path]]:
    port = ports.free_port()
    argv = [sys.executable, str(FAKE), "--port", str(port), *switches]
    log = directory / "log"
    started = process.spawn(argv, environment=os.environ, directory=directory, log=log)
    try:
        yield started, Endpoint("127.0.0.1", port), log
    finally:
        await started.stop(9, 0)


async def test_ready_is_seen_once_loading_is_over(tmp_path: Path) -> None:
    loop = asyncio.get_running_loop()
    async with engine(tmp_path, "--load-seconds", "0.4") as (started, endpoint, log):
        began = loop.time()
        assert await readiness.wait_ready(started, endpoint, HEALTH, log)
        assert loop.time() - began >= 0.4


async def test_an_open_port_is_enough_where_nothing_more_is_asked(tmp_path: Path) -> None:
    async with engine(tmp_path, "--load-seconds", "60") as (started, endpoint, log):
        assert await readiness.wait_ready(started, endpoint, Readiness(None), log)


async def test_the_end_of_the_process_ends_the_wait(tmp_path: Path) -> None:
    async with engine(tmp_path, "--fail", "oom") as (started, endpoint, log):
        assert not await readiness.wait_ready(started, endpoint, HEALTH, log)


async def test_silence_for_too_long_is_a_stall(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "STALL_S", 0.3)
    async with engine(tmp_path, "--fail", "hang") as (started, endpoint, log):
        with pytest.raises(readiness.StalledError):
            await readiness.wait_ready(started, endpoint, HEALTH, log)


@pytest.mark.parametrize("status", ["204", "404", "503"])
async def test_only_200_is_ready(tmp_path: Path, status: str) -> None:
    async with engine(tmp_path, "--health", status) as (started, endpoint, log):
        assert await readiness.wait_ready(started, endpoint, Readiness(None), log)
        assert not await readiness.answers(endpoint, HEALTH)


async def test_nobody_there_and_no_http_are_not_ready() -> None:
    assert not await readiness.answers(Endpoint("127.0.0.1", ports.free_port()), HEALTH)

    async def garbage(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-hello\r\n")
        writer.close()

    async with await asyncio.start_server(garbage, "127.0.0.1", 0) as server:
        assert not await readiness.answers(Endpoint(*server.sockets[0].getsockname()[:2]), HEALTH)
