import asyncio
from pathlib import Path

import pytest

from remuda.edge.control_client import model_path
from tests.daemon.control.api import api
from tests.daemon.fleet_of_fakes import fake, places
from tests.daemon.records import record


async def test_logs_are_the_last_lines_and_follow_goes_on(tmp_path: Path) -> None:
    log = places(tmp_path).log("fake")
    log.write_text("one\ntwo\nthree\n")
    async with api(tmp_path, fake()) as control:
        path = model_path("fake", "logs")
        assert b"".join(await asyncio.to_thread(list, control.client.stream(path, lines="2"))) == b"two\nthree\n"
        stream = control.client.stream(path, lines="1", follow="true")
        assert await asyncio.to_thread(next, stream) == b"three\n"
        with log.open("a") as file:
            file.write("four\n")
        assert await asyncio.to_thread(next, stream) == b"four\n"
        stream.close()  # type: ignore[attr-defined]


async def test_all_logs_are_the_daemons_and_the_engines(tmp_path: Path) -> None:
    places(tmp_path).log("a/b").write_text("from the engine\n")
    async with api(tmp_path, fake(model_id="a/b")) as control:
        control.control.books.journal.take([record()])
        reply = await control.ask("GET", "/logs")
    first, second = reply.body.decode().splitlines()
    assert "POST /v1/chat/completions 200" in first
    assert second == "from the engine"
    assert reply.headers.get_content_type() == "text/plain"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("", [b"127.0.0.1", b"engine 1", b"127.0.0.1", b"engine 2"]),
        ("/proxy", [b"127.0.0.1", b"127.0.0.1"]),
        ("/upstream", [b"engine 1", b"engine 2"]),
        ("/a/b", [b"engine 1", b"engine 2"]),
    ],
)
async def test_a_stream_begins_with_what_there_is_and_goes_on(tmp_path: Path, source: str, said: list[bytes]) -> None:
    log = places(tmp_path).log("a/b")
    log.write_text("engine 1\n")
    half = len(said) // 2
    async with api(tmp_path, fake(model_id="a/b")) as control:
        control.control.books.journal.take([record()])
        async with control.stream(f"/logs/stream{source}") as stream:
            lines = [await stream.line() for _ in range(half)]
            with log.open("a") as file:
                file.write("engine 2\n")
            control.control.books.journal.take([record()])
            lines += [await stream.line() for _ in range(half)]
    assert all(part in line for part, line in zip(said[:half], lines[:half], strict=True))
    assert all(any(part in line for line in lines[half:]) for part in said[half:])


async def test_history_may_be_left_out(tmp_path: Path) -> None:
    log = places(tmp_path).log("fake")
    log.write_text("old\n")
    async with api(tmp_path, fake()) as control, control.stream("/logs/stream/fake?no-history") as stream:
        with log.open("a") as file:
            file.write("new\n")
        assert await stream.line() == b"new\n"


async def test_a_log_of_nobody_is_unknown(tmp_path: Path) -> None:
    async with api(tmp_path, fake()) as control:
        assert (await control.ask("GET", "/logs/stream/fakee")).json["error"]["hint"] == "write `fake`"
        assert (await control.ask("GET", "/logs/stream/fake?history=no")).status == 400
        assert (await control.ask("GET", "/api/models/fake/logs?lines=-1")).status == 400
