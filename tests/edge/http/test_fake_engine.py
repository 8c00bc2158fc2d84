"""The gateway in front of a real process, with a real client."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import openai
import pytest

from remuda.edge.http.seam import Endpoint
from tests.edge.http.harness import Admission, House, gateway, on_loop, post

FAKE = Path(__file__).parents[2] / "fake_engine.py"


@contextlib.asynccontextmanager
async def fake(*options: str) -> AsyncIterator[Endpoint]:
    process = await asyncio.create_subprocess_exec(sys.executable, str(FAKE), *options, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    port = int((await process.stdout.readuntil(b"\n")).rpartition(b":")[2])
    await process.stdout.readuntil(b"ready\n")
    try:
        yield Endpoint("127.0.0.1", port, served_name="fake")
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def chat(**knobs: Any) -> bytes:
    return post(json.dumps({"model": "tiny", "stream": True, "fake": knobs}).encode())


def openai_client(house: House) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(base_url=f"{house.server.url}/v1", api_key="none", max_retries=0)


@on_loop
async def test_the_openai_client_streams_and_does_not() -> None:
    async with fake() as endpoint, gateway(Admission(endpoint)) as house, openai_client(house) as client:
        assert [model.id async for model in client.models.list()] == ["t", "tiny"]
        whole = await client.chat.completions.create(model="tiny", messages=[], max_tokens=3)
        assert whole.choices[0].message.content == "w0 w1 w2"
        stream = await client.chat.completions.create(model="t", messages=[], max_tokens=3, stream=True)
        words = [chunk.choices[0].delta.content or "" async for chunk in stream]
        assert "".join(words) == "w0 w1 w2"
        vectors = await client.embeddings.create(model="tiny", input=["a", "b"], encoding_format="float")
        assert len(vectors.data) == 2


@on_loop
async def test_the_openai_client_understands_our_errors() -> None:
    async with fake() as endpoint, gateway(Admission(endpoint)) as house, openai_client(house) as client:
        with pytest.raises(openai.NotFoundError, match="did you mean `tiny`"):
            await client.chat.completions.create(model="tinny", messages=[])
        with pytest.raises(openai.APIStatusError, match="as you asked"):
            await client.chat.completions.create(model="tiny", messages=[], extra_body={"fake": {"status": 418}})
        stream = await client.chat.completions.create(
            model="tiny", messages=[], stream=True, extra_body={"fake": {"rate": 50, "die_after": 2}}
        )
        with pytest.raises(openai.APIError, match="`tiny` stopped answering"):
            [chunk async for chunk in stream]
        await house.admission.until(*["ask", "grant", "end"] * 2)


@on_loop
async def test_an_engine_that_is_killed_in_the_middle() -> None:
    async with fake() as endpoint, gateway(Admission(endpoint)) as house:
        client = await house.client()
        reply = await client.ask(chat(die_after=3, rate=100))
        assert reply.is_whole
        assert json.loads(reply.body.split(b"\n\n")[-2].removeprefix(b"data: "))["error"]["code"] == "engine_lost"
        assert (await client.ask(chat())).status == 502


@on_loop
async def test_an_engine_that_stalls_sees_its_client_leave() -> None:
    async with fake() as endpoint, gateway(Admission(endpoint)) as house:
        client = await house.client()
        await client.send(chat(stall_after=2))
        await client.reader.readuntil(b"w1")
        client.leave()
        await house.admission.until("ask", "grant", "end")
        while (await stats(endpoint))["cancelled"] != 1:
            await asyncio.sleep(0.01)
        assert (await stats(endpoint))["open"] == 0


@on_loop
async def test_many_at_once_and_many_that_leave() -> None:
    async with fake() as endpoint, gateway(Admission(endpoint)) as house:

        async def visit(number: int) -> None:
            client = await house.client()
            await client.send(chat(tokens=5, rate=200))
            if number % 2:
                await client.reader.readexactly(1 + number * 10)
                client.leave()
            else:
                assert (await client.receive()).body.endswith(b"data: [DONE]\n\n")

        await asyncio.gather(*(visit(number) for number in range(60)))
        while sum(what == "end" for what, _ in house.admission.record) < 60:
            await asyncio.sleep(0.01)
        house.admission.check()


async def stats(endpoint: Endpoint) -> dict[str, int]:
    reader, writer = await asyncio.open_connection(endpoint.host, endpoint.port)
    writer.write(b"GET /stats HTTP/1.1\r\nHost: x\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")
    found: dict[str, int] = json.loads(await reader.readuntil(b"}"))
    writer.close()
    return found
