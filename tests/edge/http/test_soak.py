"""Five thousand clients that leave at any moment, in any way: nothing of them may be left anywhere."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import random
from collections import Counter
from dataclasses import dataclass, field

import psutil
import pytest

from remuda.edge.http.limits import Limits
from remuda.edge.http.seam import Waiter
from tests.edge.http.harness import STREAM, Admission, House, Visit, engine, gateway, get, on_loop, post

VISITS = 5_000
AT_ONCE = 64
SEED = 20_251
EVENT = b"9\r\ndata: 1\n\n\r\n"
GOOD = b'HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n{"ok":1}'


def asking(what: str, size: int = 0) -> bytes:
    """A request for what the engine below does, with so much ballast."""
    return post(json.dumps({"model": "tiny", "do": what, "x": "x" * size}).encode())


@dataclass
class Toll:
    """What became of the requests that reached the engine."""

    started: int = 0
    answered: int = 0
    cancelled: int = 0

    async def serve(self, visit: Visit) -> None:
        """Answer, or begin a stream or say nothing until the request is cancelled."""
        while request := await visit.next():
            self.started += 1
            what = request.fields["do"]
            with contextlib.suppress(ConnectionError):
                if what == "stream":
                    await visit.send(STREAM, *[EVENT] * random.Random(self.started).randrange(1, 20))
                elif what == "answer":
                    await visit.send(GOOD)
                    self.answered += 1
                    continue
            await visit.gone()
            self.cancelled += 1
            return


class Books(Admission):
    """An admission that lets some requests wait for a moment, and knows which are in its hands."""

    def __init__(self, rng: random.Random) -> None:
        super().__init__()
        self.rng = rng
        self.open: dict[int, str] = {}
        self.closed: Counter[str] = Counter()

    def ask(self, request: int, model: str, waiter: Waiter, priority: int = 0) -> None:
        self.holds = self.rng.random() < 0.7
        super().ask(request, model, waiter, priority)
        if self.holds:
            asyncio.get_running_loop().call_later(self.rng.uniform(0, 0.02), self.grant_if_it_waits, request)

    def grant_if_it_waits(self, request: int) -> None:
        if request in self.waiting:
            self.grant(request)

    def note(self, what: str, request: int) -> None:
        before = self.open.pop(request, None)
        assert (before, what) in {(None, "ask"), ("ask", "grant"), ("ask", "abandon"), ("grant", "end")}
        if what in {"ask", "grant"}:
            self.open[request] = what
        else:
            self.closed[what] += 1


@dataclass
class Crowd:
    """Clients that leave."""

    house: House
    rng: random.Random
    left: Counter[str] = field(default_factory=Counter)

    async def visits(self, count: int) -> None:
        for _ in range(count):
            host, port = self.house.server.addresses[0]
            reader, writer = await asyncio.open_connection(host, port)
            when = self.rng.choice(list(WHEN))
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                await WHEN[when](self, reader, writer)
                await self.leave(reader, writer)
            writer.transport.abort()
            self.left[when] += 1

    async def leave(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Reset, close, or close one side and read to the end."""
        match self.rng.randrange(3):
            case 0:
                writer.transport.abort()
            case 1:
                writer.close()
            case _:
                writer.write_eof()
                await reader.read()

    async def pause(self) -> None:
        await asyncio.sleep(self.rng.choice((0, 0, 0.001, 0.01)))

    async def before_anything(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self.pause()

    async def in_the_head(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(get("/v1/models")[: self.rng.randrange(1, 30)])
        await self.pause()

    async def during_the_upload(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        whole = asking("stall", 300_000)
        writer.write(whole[: self.rng.randrange(200, len(whole) - 1)])
        await self.pause()

    async def before_the_first_byte(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(asking("stall"))
        await self.pause()

    async def in_the_stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(asking("stream"))
        await reader.readuntil(b"data: 1\n\n")
        await self.pause()

    async def around_an_answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(asking("answer"))
        await self.pause()

    async def after_an_answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(asking("answer"))
        await reader.readuntil(b'{"ok":1}')

    async def in_a_pipeline(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(asking("answer") + get() + asking("stream") + asking("stall"))
        await self.pause()


WHEN = {
    "before anything": Crowd.before_anything,
    "in the head": Crowd.in_the_head,
    "during the upload": Crowd.during_the_upload,
    "before the first byte": Crowd.before_the_first_byte,
    "in the stream": Crowd.in_the_stream,
    "around an answer": Crowd.around_an_answer,
    "after an answer": Crowd.after_an_answer,
    "in a pipeline": Crowd.in_a_pipeline,
}


REMEMBERED = {"Admitted", "RequestHead", "Target"}


def things() -> Counter[str]:
    """Everything of ours that is alive, by its type."""
    gc.collect()
    kinds = (type(thing) for thing in gc.get_objects())
    return Counter(kind.__qualname__ for kind in kinds if str(kind.__module__).startswith("remuda."))


async def settle(books: Books, toll: Toll) -> None:
    """Wait until every request is over, and the engine knows."""
    while books.open or toll.started != toll.answered + toll.cancelled:
        await asyncio.sleep(0.01)


async def back_to(open_files: int) -> None:
    """Wait until no more files are open than before; the last sockets are closed in a later turn of the loop."""
    while psutil.Process().num_fds() > open_files:
        await asyncio.sleep(0.01)


async def since(before: Counter[str]) -> Counter[str]:
    """What is alive that was not before, once those have gone that had to hear of their socket's end."""
    tries = 20
    while not (grown := things() - before).keys() <= REMEMBERED and tries:
        tries -= 1
        await asyncio.sleep(0.1)
    return grown


@pytest.mark.slow
@on_loop
async def test_a_soak_of_disconnects_ends_with_nothing_in_flight() -> None:
    rng, toll = random.Random(SEED), Toll()
    books = Books(rng)
    limits = Limits(idle_s=0.2)
    async with engine(toll.serve) as upstream, gateway(books, limits=limits) as house:
        books.endpoint = upstream.endpoint
        crowd = Crowd(house, rng)
        await crowd.visits(len(WHEN) * 4)
        await settle(books, toll)
        await upstream.until_open(0)
        before, open_files = things(), psutil.Process().num_fds()
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(crowd.visits(VISITS // AT_ONCE))
        await settle(books, toll)
        await upstream.until_open(0)
        assert books.waiting == {}
        assert min(crowd.left[when] for when in WHEN) > VISITS / len(WHEN) / 2
        assert min(books.closed["end"], books.closed["abandon"], toll.cancelled) > VISITS / 20
        await back_to(open_files)
        # A head that is met for the first time is remembered, and there are only a few.
        grown = await since(before)
        assert grown.keys() <= REMEMBERED
        assert grown.total() <= len(WHEN) * len(REMEMBERED)
