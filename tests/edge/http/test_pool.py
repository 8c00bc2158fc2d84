from __future__ import annotations

import asyncio
from dataclasses import replace
from time import monotonic

from remuda.edge.http.limits import Limits
from remuda.edge.http.pool import Pool
from tests.edge.http.harness import Visit, engine, on_loop
from tests.edge.http.test_upstream import GET, Ear, hear


@on_loop
async def test_the_newest_connection_is_used_first_and_the_others_grow_old() -> None:
    async with engine() as upstream:
        pool = Pool(Limits(idle_s=0.3))
        ears = [Ear() for _ in range(3)]
        for ear in ears:
            pool.send(upstream.endpoint, GET, ear, monotonic())
        await asyncio.gather(*(ear.over.wait() for ear in ears))
        for _ in range(20):
            await hear(pool, upstream)
            await asyncio.sleep(0.02)
            pool.sweep()
        assert len(upstream.visits) == 3
        await upstream.until_open(1)
        pool.close()


@on_loop
async def test_what_is_too_old_is_not_used() -> None:
    async with engine() as upstream:
        pool = Pool(Limits(idle_s=0.05))
        for _ in range(2):
            await hear(pool, upstream)
            await asyncio.sleep(0.1)
        assert len(upstream.visits) == 2
        pool.sweep()
        await upstream.until_open(0)


@on_loop
async def test_what_the_engine_closes_or_speaks_on_is_not_used() -> None:
    async def script(visit: Visit) -> None:
        await visit.read()
        await visit.send(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        if len(visit.requests) == 2:
            await visit.send(b"HTTP/1.1 408 Request Timeout\r\n\r\n")
            await visit.gone()

    async with engine(script) as upstream:
        pool = Pool(Limits())
        for expected in (1, 2, 3):
            assert (await hear(pool, upstream)).heard == (200, b"")
            await asyncio.sleep(0.05)
            assert len(upstream.visits) == expected
        pool.close()


@on_loop
async def test_only_so_many_are_kept() -> None:
    async with engine() as upstream:
        pool = Pool(Limits(idle_connections=2))
        ears = [Ear() for _ in range(5)]
        for ear in ears:
            pool.send(upstream.endpoint, GET, ear, monotonic())
        await asyncio.gather(*(ear.over.wait() for ear in ears))
        await upstream.until_open(2)
        pool.close()
        await upstream.until_open(0)


@on_loop
async def test_another_instance_on_the_same_port_gets_connections_of_its_own() -> None:
    async with engine() as upstream:
        pool = Pool(Limits())
        await hear(pool, upstream)
        upstream.endpoint = replace(upstream.endpoint)
        await hear(pool, upstream)
        assert len(upstream.visits) == 2
        pool.close()
