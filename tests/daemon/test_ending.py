"""A daemon's ends, with a real gateway, dispatcher and engine, but without a process of its own."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from remuda.daemon import report
from remuda.daemon.dispatcher import Dispatcher
from remuda.daemon.ending import Asks, End, Ending
from remuda.daemon.instances import Instances
from remuda.daemon.status import Status
from remuda.edge import process
from remuda.edge.http.seam import Endpoint
from remuda.edge.records import Records
from remuda.plan.plan import Instance
from remuda.residency.commands import Refuse
from remuda.residency.policy import Policy, Resident
from remuda.residency.residency import Residency
from tests.daemon.fleet_of_fakes import fake, launcher, places


class Server:
    """A gateway whose requests are finished when `finished` is set, or when nobody waits for them."""

    def __init__(self) -> None:
        self.finished = asyncio.Event()
        self.copied, self._other_end = os.pipe()

    def copies(self) -> tuple[int, ...]:
        return (self.copied,)

    async def drain(self, timeout_s: float) -> None:
        if timeout_s:
            await self.finished.wait()

    def close(self) -> None:
        os.close(self._other_end)


class Waiter:
    def __init__(self) -> None:
        self.outcome: asyncio.Future[Endpoint | Refuse] = asyncio.get_running_loop().create_future()

    def granted(self, endpoint: Endpoint) -> None:
        self.outcome.set_result(endpoint)

    def refused(self, refusal: Refuse) -> None:
        self.outcome.set_result(refusal)


@dataclass
class Scene:
    server: Server
    dispatcher: Dispatcher
    instances: Instances
    asks: Asks
    reports: list[report.Report]
    ending: Ending
    records: Records

    async def load(self, model: str) -> int:
        """Load it; returns the pid of its engine."""
        waiter = Waiter()
        self.dispatcher.ask(1, model, waiter)
        assert isinstance(await waiter.outcome, Endpoint)
        self.dispatcher.end(1)
        pid = self.instances.pid(model)
        assert pid is not None
        return pid


@asynccontextmanager
async def scene(directory: Path, *models: Instance) -> AsyncIterator[Scene]:
    at, reports, asks = places(directory), list[report.Report](), Asks()
    by_id = {model.model_id: model for model in models}
    residency = Residency(Policy({model: Resident(model, {"cpu": 1}) for model in by_id}, {"cpu": 2}))
    dispatcher, server = Dispatcher(residency), Server()
    instances = Instances(by_id, launcher(directory), at, emit=dispatcher.emit, reporter=reports.append)
    dispatcher.attach(instances)
    status = Status(directory / "remuda.yaml", "", at, residency, dispatcher, instances)
    ending = Ending(cast("Any", server), status, asks, reports.append)
    yield Scene(server, dispatcher, instances, asks, reports, ending, Records(at.instances))
    server.close()
    for record in Records(at.instances).load():
        await process.end_leftovers(record.identity)


async def test_a_stop_finishes_requests_and_ends_the_engines(tmp_path: Path) -> None:
    async with scene(tmp_path, fake()) as world:
        pid = await world.load("fake")
        world.server.finished.set()
        assert await world.ending.end(End.STOP) is End.STOP
        assert not Path(f"/proc/{pid}").exists()
        assert report.ShuttingDown(0, "stopping") in world.reports


async def test_to_leave_lets_go_of_the_engines_and_says_nothing_of_them(tmp_path: Path) -> None:
    async with scene(tmp_path, fake()) as world:
        pid = await world.load("fake")
        world.server.finished.set()
        assert await world.ending.end(End.LEAVE) is End.LEAVE
        (record,) = world.records.load()
        assert (record.identity.pid, record.identity.is_alive) == (pid, True)
        assert not any(isinstance(told, report.Stopping | report.Failed) for told in world.reports)
        assert world.ending.listening == ()


async def test_an_engine_that_is_not_ready_is_not_left(tmp_path: Path) -> None:
    async with scene(tmp_path, fake("--load-seconds", "60")) as world:
        waiter = Waiter()
        world.dispatcher.ask(1, "fake", waiter)
        while (pid := world.instances.pid("fake")) is None:
            await asyncio.sleep(0.01)
        world.server.finished.set()
        await world.ending.end(End.LEAVE)
        assert world.records.load() == []
        assert not Path(f"/proc/{pid}").exists()


async def test_what_waits_when_the_daemon_gives_way_is_told_to_ask_again(tmp_path: Path) -> None:
    async with scene(tmp_path, fake("--load-seconds", "60")) as world:
        waiter = Waiter()
        world.dispatcher.ask(1, "fake", waiter)
        world.dispatcher.turn_away()
        refusal = await waiter.outcome
        assert isinstance(refusal, Refuse)
        assert (refusal.kind, refusal.retry_after_s) == ("shutting_down", 1)
        world.dispatcher.turn_away()
        world.server.finished.set()
        await world.ending.end(End.STOP)


async def test_to_give_way_keeps_the_sockets(tmp_path: Path) -> None:
    async with scene(tmp_path, fake()) as world:
        world.server.finished.set()
        assert await world.ending.end(End.REPLACE) is End.REPLACE
        assert world.ending.listening == (world.server.copied,)
        os.close(world.server.copied)


async def test_a_wish_to_stop_comes_before_one_to_give_way(tmp_path: Path) -> None:
    async with scene(tmp_path, fake()) as world:
        pid = await world.load("fake")
        ending = asyncio.get_running_loop().create_task(world.ending.end(End.REPLACE))
        for ask in (None, End.LEAVE, End.INTERRUPT):
            world.asks.put_nowait(ask)
        assert await asyncio.wait((ending,), timeout=0.2) == (set(), {ending})
        world.server.finished.set()
        assert await ending is End.INTERRUPT
        assert not Path(f"/proc/{pid}").exists()


async def test_a_second_wish_to_stop_does_not_wait_for_an_engine(tmp_path: Path) -> None:
    async with scene(tmp_path, fake("--ignore-sigterm")) as world:
        pid = await world.load("fake")
        world.server.finished.set()
        ending = asyncio.get_running_loop().create_task(world.ending.end(End.STOP))
        world.asks.put_nowait(None)
        world.asks.put_nowait(End.STOP)
        async with asyncio.timeout(5):
            await ending
        assert not Path(f"/proc/{pid}").exists()
