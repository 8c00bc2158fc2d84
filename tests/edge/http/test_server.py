from __future__ import annotations

import asyncio
import contextlib
import json
import socket

import pytest

from remuda.edge.http.limits import Limits
from remuda.edge.http.server import GatewayServer
from remuda.errors import EffectError
from remuda.gateway.decide import Gateway
from remuda.gateway.directory import Listing, make_directory
from tests.edge.http.harness import STREAM, Admission, Visit, engine, gateway, get, on_loop, post, service


@on_loop
async def test_an_address_in_use_is_an_error_that_names_it() -> None:
    async with gateway() as house:
        host, port = house.server.addresses[0]
        assert house.server.url == f"http://127.0.0.1:{port}"
        with pytest.raises(EffectError) as caught:
            await GatewayServer.bind(host, port, service(Admission()))
        assert caught.value.message == f"cannot listen on `127.0.0.1:{port}`: the address is in use"
        assert caught.value.hint is not None


@pytest.mark.parametrize(("host", "port"), [("192.0.2.1", 0), ("no-such-host.invalid", 0)])
@on_loop
async def test_an_address_that_is_not_ours_is_an_error_that_names_it(host: str, port: int) -> None:
    with pytest.raises(EffectError, match=f"cannot listen on `{host}:{port}`"):
        await GatewayServer.bind(host, port, service(Admission()))


@on_loop
async def test_another_snapshot_decides_from_then_on() -> None:
    async with gateway() as house:
        client = await house.client()
        house.server.replace(Gateway(make_directory([Listing("other", "Other", "x")])), Limits(head_fields=3))
        reply = await client.ask(get("/v1/models"))
        assert [entry["id"] for entry in json.loads(reply.body)["data"]] == ["other"]
        many = get("/health", "a: 1", "b: 2", "c: 3")
        assert (await client.ask(many, method="GET")).status == 200
        assert (await (await house.client()).ask(many, method="GET")).status == 431


@on_loop
async def test_draining_closes_what_is_idle_and_finishes_the_rest() -> None:
    finish = asyncio.Event()

    async def script(visit: Visit) -> None:
        await visit.read()
        await visit.send(STREAM + b"3\r\nabc\r\n")
        await finish.wait()
        await visit.send(b"0\r\n\r\n")
        await visit.gone()

    async with engine(script) as upstream, gateway(Admission(upstream.endpoint)) as house:
        idle, streaming, waiting = await house.client(), await house.client(), await house.client()
        await idle.ask(get())
        await streaming.send(post())
        await streaming.reader.readuntil(b"abc\r\n")
        house.admission.holds = True
        await waiting.send(post())
        await house.admission.until("ask", "grant", "ask")
        draining = asyncio.ensure_future(house.server.drain(10))
        await idle.closed()
        with pytest.raises(OSError, match=r"refused|reset"):
            await house.client()
        house.admission.grant(2)
        await waiting.reader.readuntil(b"connection: close\r\n\r\n3\r\nabc\r\n")
        assert not draining.done()
        finish.set()
        assert await streaming.reader.read() == b"0\r\n\r\n"
        assert await waiting.reader.read() == b"0\r\n\r\n"
        await draining


@pytest.mark.parametrize("turns", range(5))
@on_loop
async def test_who_connects_while_it_begins_to_drain_is_answered_or_waits_for_who_comes_next(turns: int) -> None:
    async with gateway() as house:
        next_one = socket.socket(fileno=house.server.copies()[0])
        with next_one, socket.create_connection(house.server.addresses[0]) as client:
            client.settimeout(5)
            client.sendall(get())
            for _ in range(turns):
                await asyncio.sleep(0)
            await house.server.drain(5)
            with contextlib.suppress(BlockingIOError):
                next_one.accept()[0].close()
                return
            assert client.recv(12) == b"HTTP/1.1 200"


@on_loop
async def test_draining_ends_in_time() -> None:
    async def script(visit: Visit) -> None:
        await visit.read()
        await visit.gone()

    async with engine(script) as upstream, gateway(Admission(upstream.endpoint)) as house:
        client = await house.client()
        await client.send(post())
        await house.admission.until("ask", "grant")
        await house.server.drain(0.1)
        await client.closed()
        assert house.admission.record[-1] == ("end", 1)
