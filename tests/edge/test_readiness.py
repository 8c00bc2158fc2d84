import asyncio
import os
import sys
import time
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


async def wait(started: process.Process, endpoint: Endpoint, asked: Readiness, log: Path, limit_s: float = 60) -> bool:
    watch = readiness.Watch(log, asked, lambda _: None)
    return await readiness.wait_ready(started, endpoint, asked, watch, limit_s)


async def test_ready_is_seen_once_loading_is_over(tmp_path: Path) -> None:
    loop = asyncio.get_running_loop()
    async with engine(tmp_path, "--load-seconds", "0.4") as (started, endpoint, log):
        began = loop.time()
        assert await wait(started, endpoint, HEALTH, log)
        assert loop.time() - began >= 0.4


async def test_an_open_port_is_enough_where_nothing_more_is_asked(tmp_path: Path) -> None:
    async with engine(tmp_path, "--load-seconds", "60") as (started, endpoint, log):
        assert await wait(started, endpoint, Readiness(None), log)


async def test_the_end_of_the_process_ends_the_wait(tmp_path: Path) -> None:
    async with engine(tmp_path, "--fail", "oom") as (started, endpoint, log):
        assert not await wait(started, endpoint, HEALTH, log)


async def test_silence_for_too_long_is_a_stall(tmp_path: Path) -> None:
    async with engine(tmp_path, "--fail", "hang") as (started, endpoint, log):
        with pytest.raises(readiness.StalledError):
            await wait(started, endpoint, HEALTH, log, limit_s=0.3)


@pytest.mark.parametrize("status", ["204", "404", "503"])
async def test_only_200_is_ready(tmp_path: Path, status: str) -> None:
    async with engine(tmp_path, "--health", status) as (started, endpoint, log):
        assert await wait(started, endpoint, Readiness(None), log)
        assert not await readiness.answers(endpoint, HEALTH)


async def test_nobody_there_and_no_http_are_not_ready() -> None:
    assert not await readiness.answers(Endpoint("127.0.0.1", ports.free_port()), HEALTH)

    async def garbage(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-hello\r\n")
        writer.close()

    async with await asyncio.start_server(garbage, "127.0.0.1", 0) as server:
        assert not await readiness.answers(Endpoint(*server.sockets[0].getsockname()[:2]), HEALTH)


async def test_one_connection_is_kept_for_all_questions() -> None:
    connections, questions = 0, 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections, questions
        connections += 1
        while await reader.readline():
            await reader.readuntil(b"\r\n\r\n")
            questions += 1
            writer.write(b"HTTP/1.1 %d x\r\ncontent-length: 2\r\n\r\nok" % (503 if questions < 4 else 200))
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        question = readiness.Question(Endpoint(*server.sockets[0].getsockname()[:2]), HEALTH)
        assert [await question.ask() for _ in range(4)] == [False, False, False, True]
        assert connections == 1
        question.close()


async def test_a_connection_that_the_server_closes_is_opened_anew() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nuntil the end")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        question = readiness.Question(Endpoint(*server.sockets[0].getsockname()[:2]), HEALTH)
        assert [await question.ask() for _ in range(3)] == [True, True, True]
        question.close()


def test_the_limit_of_silence_grows_with_the_weights(tmp_path: Path) -> None:
    (tmp_path / "one.safetensors").write_bytes(b"x" * 2**20)
    (tmp_path / "two.safetensors").write_bytes(b"x" * 2**20)
    assert readiness.stall_s(tmp_path) == readiness.STALL_FLOOR_S + 0.1
    assert readiness.stall_s(tmp_path / "one.safetensors") == readiness.STALL_FLOOR_S + 0.05
    assert readiness.stall_s(tmp_path / "no" / "such") == readiness.stall_s(None) == readiness.STALL_FLOOR_S


def test_only_lines_that_our_questions_did_not_cause_are_life(tmp_path: Path) -> None:
    log = tmp_path / "log"
    said: list[str] = []
    watch = readiness.Watch(log, HEALTH, said.append)
    assert not watch.moved()
    with log.open("a") as file:
        file.write('INFO: "GET /health HTTP/1.1" 503\n\nloading 10%\rloading 20%\rload')
        file.flush()
        assert watch.moved()
        assert not watch.moved()
        file.write("ing 30%\n")
        file.flush()
        assert watch.moved()
    assert said == ["loading 10%", "loading 20%", "loading 30%"]


async def test_readiness_is_noticed_within_20_ms(tmp_path: Path) -> None:
    """The best of some, since other programs want this machine's processors too."""
    late_s = []
    for number in range(5):
        directory = tmp_path / str(number)
        directory.mkdir()
        async with engine(directory, "--load-seconds", "0.3") as (started, endpoint, log):
            assert await wait(started, endpoint, HEALTH, log)
            seen_at = time.time()
            async with asyncio.timeout(5):
                while "ready" not in log.read_text():
                    await asyncio.sleep(0)
            late_s.append(seen_at - log.stat().st_mtime)
    assert min(late_s) < 0.02, late_s
