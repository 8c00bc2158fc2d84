"""Requests that have more than one candidate, and clients that leave engines which do not bear it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest

from remuda.edge.http.limits import Limits
from remuda.gateway.decide import Gateway
from remuda.gateway.directory import Listing, make_directory
from remuda.gateway.traits import Traits
from remuda.residency.commands import RefusalKind
from remuda.spec.route import Failover
from tests.edge.http.harness import GATEWAY, NOWHERE, OK, STREAM, Admission, Visit, engine, gateway, on_loop, post

CHAIN = Gateway(
    make_directory(
        [Listing("tiny", "Tiny", "x"), Listing("spare", "Spare", "x")], {"safe": Failover(failover=("tiny", "spare"))}
    )
)
BODY = b'{"model":"safe"}'


def answering(status: int) -> bytes:
    return b"HTTP/1.1 %d X\r\ncontent-length: 2\r\n\r\n{}" % status


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_an_engine_that_says_it_cannot_is_left_for_the_next(status: int) -> None:
    @on_loop
    async def run() -> None:
        async def script(visit: Visit) -> None:
            await visit.read()
            await visit.send(answering(status))

        async with engine(script) as first, engine() as second:
            admission = Admission(first.endpoint, others={"spare": second.endpoint})
            async with gateway(admission, CHAIN) as house:
                reply = await (await house.client()).ask(post(BODY))
                assert (reply.status, len(second.requests)) == (200, 1)
                assert (house.observer.last.asked, house.observer.last.model) == ("safe", "spare")

    run()


@on_loop
async def test_a_clients_mistake_is_not_tried_again() -> None:
    async def script(visit: Visit) -> None:
        await visit.read()
        await visit.send(answering(400))

    async with engine(script) as first, engine() as second:
        admission = Admission(first.endpoint, others={"spare": second.endpoint})
        async with gateway(admission, CHAIN) as house:
            assert (await (await house.client()).ask(post(BODY))).status == 400
            assert second.requests == []


@on_loop
async def test_a_load_that_fails_is_left_for_the_next() -> None:
    async with engine() as second:
        admission = Admission(holds=True, others={"spare": second.endpoint})
        async with gateway(admission, CHAIN) as house:
            client = await house.client()
            await client.send(post(BODY))
            await admission.until("ask")
            admission.refuse(1, RefusalKind.LOAD_FAILED, "cannot load `tiny`")
            await admission.until("ask", "ask", "refuse")
            admission.grant(2)
            assert (await client.receive()).status == 200


@on_loop
async def test_the_last_one_that_cannot_is_told() -> None:
    async with gateway(Admission(NOWHERE, others={"spare": NOWHERE}), CHAIN) as house:
        reply = await (await house.client()).ask(post(BODY))
        assert reply.status == 502
        assert json.loads(reply.body)["error"]["message"].startswith("`spare` did not answer")


@on_loop
async def test_what_has_begun_is_not_begun_again_elsewhere() -> None:
    async def script(visit: Visit) -> None:
        await visit.read()
        await visit.send(STREAM, b"a\r\ndata: {}\n\n\r\n")

    async with engine(script) as first, engine() as second:
        admission = Admission(first.endpoint, others={"spare": second.endpoint})
        async with gateway(admission, CHAIN) as house:
            reply = await (await house.client()).ask(post(BODY))
            assert b"engine_lost" in reply.body
            assert second.requests == []


@on_loop
async def test_an_engine_that_takes_too_long_is_left_for_the_next() -> None:
    async def script(visit: Visit) -> None:
        await visit.read()
        await visit.gone()

    async with engine(script) as first, engine() as second:
        admission = Admission(first.endpoint, others={"spare": second.endpoint})
        async with gateway(admission, CHAIN, Limits(first_byte_s=0.2)) as house:
            assert (await (await house.client()).ask(post(BODY))).status == 200
            reply = await (await house.client()).ask(post(b'{"model":"tiny"}'))
            assert (reply.status, json.loads(reply.body)["error"]["code"]) == (504, "engine_timeout")


@on_loop
async def test_an_engine_that_drains_is_read_to_its_end() -> None:
    left, ended = asyncio.Event(), asyncio.Event()

    async def script(visit: Visit) -> None:
        await visit.read()
        await visit.send(STREAM, b"2\r\na\n\r\n")
        await left.wait()
        await visit.send(b"2\r\nb\n\r\n", b"0\r\n\r\n")
        assert await visit.next() is not None
        await visit.send(OK)
        ended.set()
        await visit.next()

    draining = replace(GATEWAY, traits={"tiny": Traits(drains=True)})
    async with engine(script) as upstream, gateway(Admission(upstream.endpoint), draining) as house:
        client = await house.client()
        await client.send(post())
        await client.reader.readuntil(b"a\n\r\n")
        client.leave()
        while not house.observer.records:
            await asyncio.sleep(0.01)
        assert house.observer.last.status == 499
        assert house.admission.record == [("ask", 1), ("grant", 1)]
        left.set()
        await house.admission.until("ask", "grant", "end")
        assert (await (await house.client()).ask(post())).status == 200
        await ended.wait()
