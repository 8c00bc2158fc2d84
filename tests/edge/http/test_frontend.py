"""The bounds that all connections share: clients of one address, requests that wait, what a key may ask for."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

from remuda.edge.http.limits import Limits
from remuda.gateway.keys import Keyring, Scope, make_key
from remuda.gateway.quota import Quota
from remuda.residency.commands import RefusalKind
from tests.edge.http.harness import BODY, GATEWAY, Admission, Visit, engine, gateway, get, on_loop, post


def keyed(quota: Quota) -> Keyring:
    return Keyring((make_key("roo", "s3cret", scope=Scope(quota=quota)),))


AUTH = "Authorization: Bearer s3cret"


@on_loop
async def test_too_many_connections_from_one_address_are_told_and_closed() -> None:
    async with gateway(limits=Limits(connections_per_address=2)) as house:
        kept = [await house.client() for _ in range(2)]
        for client in kept:
            assert (await client.ask(get(), method="GET")).status == 200
        third = await house.client()
        reply = await third.receive(method="GET")
        assert (reply.status, json.loads(reply.body)["error"]["code"]) == (429, "too_many_connections")
        await third.closed()
        kept[0].leave()
        await asyncio.sleep(0.05)
        assert (await (await house.client()).ask(get(), method="GET")).status == 200


@on_loop
async def test_only_so_many_requests_wait_for_a_model() -> None:
    async with engine() as upstream, gateway(Admission(upstream.endpoint, holds=True), limits=Limits(queue=2)) as house:
        clients = [await house.client() for _ in range(3)]
        for client in clients[:2]:
            await client.send(post())
        await house.admission.until("ask", "ask")
        reply = await clients[2].ask(post())
        assert (reply.status, json.loads(reply.body)["error"]["code"]) == (429, "queue_full")
        assert reply.header("retry-after") == "5"
        clients[0].leave()
        await house.admission.until("ask", "ask", "abandon")
        await clients[2].send(post())
        await house.admission.until("ask", "ask", "abandon", "ask")
        house.admission.refuse(2, RefusalKind.UNLOADED, "gone")
        house.admission.grant(3)
        assert (await clients[2].receive()).status == 200


@on_loop
async def test_a_keys_requests_per_minute() -> None:
    closed = replace(GATEWAY, keyring=keyed(Quota(requests_per_minute=2)))
    async with engine() as upstream, gateway(Admission(upstream.endpoint), closed) as house:
        client = await house.client()
        statuses = [(await client.ask(post(BODY, AUTH))).status for _ in range(3)]
        assert statuses == [200, 200, 429]
        assert [record.status for record in house.observer.records] == statuses
        assert {record.key for record in house.observer.records} == {"roo"}


@on_loop
async def test_a_keys_concurrency_is_freed_by_a_client_that_leaves() -> None:
    closed = replace(GATEWAY, keyring=keyed(Quota(concurrency=1)))
    async with engine() as upstream, gateway(Admission(upstream.endpoint, holds=True), closed) as house:
        first, second = await house.client(), await house.client()
        await first.send(post(BODY, AUTH))
        await house.admission.until("ask")
        assert (await second.ask(post(BODY, AUTH))).status == 429
        first.leave()
        await house.admission.until("ask", "abandon")
        house.admission.holds = False
        assert (await second.ask(post(BODY, AUTH))).status == 200


@on_loop
async def test_a_keys_tokens_per_minute_are_those_that_engines_count() -> None:
    body = b'{"usage":{"prompt_tokens":90,"completion_tokens":20}}'
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)

    async def script(visit: Visit) -> None:
        while await visit.next():
            await visit.send(answer)

    closed = replace(GATEWAY, keyring=keyed(Quota(tokens_per_minute=100)))
    async with engine(script) as upstream, gateway(Admission(upstream.endpoint), closed) as house:
        client = await house.client()
        assert (await client.ask(post(BODY, AUTH))).status == 200
        reply = await client.ask(post(BODY, AUTH))
        assert (reply.status, json.loads(reply.body)["error"]["code"]) == (429, "rate_limit_exceeded")
