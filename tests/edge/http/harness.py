"""What the tests of the gateway's sockets share: an engine that follows a script, an admission that keeps a record, and
a client that sends exactly the bytes it is told to.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from functools import wraps
from typing import Any, ParamSpec

import uvloop

from remuda.edge.http.bypass import Bypass
from remuda.edge.http.frontend import Service, Ways
from remuda.edge.http.limits import Limits
from remuda.edge.http.seam import Endpoint, Observer, Waiter
from remuda.edge.http.server import GatewayServer
from remuda.gateway.decide import Gateway, Surroundings
from remuda.gateway.directory import Listing, make_directory
from remuda.gateway.live import Nothing
from remuda.gateway.record import Record
from remuda.residency.commands import RefusalKind, Refuse
from tests.fake_engine import Request, read_request

P = ParamSpec("P")

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"
STREAM = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
GATEWAY = Gateway(make_directory([Listing("tiny", "Tiny", "fake", ("t",))]))
BODY = b'{"model":"tiny"}'
NOWHERE = Endpoint("127.0.0.1", 1)


def on_loop(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Run a test on a loop of its own; what goes wrong in a callback fails it."""

    @wraps(test)
    def outer(*args: P.args, **kwargs: P.kwargs) -> None:
        faults: list[dict[str, Any]] = []

        async def inner() -> None:
            asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context))
            await asyncio.wait_for(test(*args, **kwargs), 20)

        uvloop.run(inner())
        assert faults == [], f"in a callback: {faults}"

    return outer


def post(body: bytes = BODY, *lines: str, path: str = "/v1/chat/completions") -> bytes:
    """A request as clients send it."""
    head = [f"POST {path} HTTP/1.1", "Host: gateway", f"Content-Length: {len(body)}", *lines]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def get(path: str = "/health", *lines: str, method: str = "GET") -> bytes:
    """A request without a body."""
    return "\r\n".join((f"{method} {path} HTTP/1.1", "Host: gateway", *lines)).encode() + b"\r\n\r\n"


@dataclass
class Visit:
    """One connection to a scripted engine, and the requests that were read on it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    requests: list[Request]
    is_over: bool = False

    async def next(self) -> Request | None:
        """The next request; None when the gateway has closed the connection."""
        request = await read_request(self.reader)
        if request is not None:
            self.requests.append(request)
        return request

    async def read(self) -> Request:
        """The next request; there must be one."""
        request = await self.next()
        assert request is not None
        return request

    async def send(self, *pieces: bytes) -> None:
        """Send pieces, each on its own way."""
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()

    async def gone(self) -> None:
        """Wait until the gateway has closed the connection; it sends nothing before."""
        with contextlib.suppress(ConnectionError):
            assert await self.reader.read() == b""


Script = Callable[[Visit], Awaitable[None]]


@dataclass
class Engine:
    """A server that follows a script on each connection."""

    script: Script
    endpoint: Endpoint = NOWHERE
    visits: list[Visit] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    server: asyncio.Server | None = None
    scripts: set[asyncio.Task[None]] = field(default_factory=set)

    async def until_open(self, count: int) -> None:
        """Wait until so many connections are open."""
        while sum(not visit.is_over for visit in self.visits) != count:
            await asyncio.sleep(0.005)

    def stop(self) -> None:
        """Accept nothing more."""
        assert self.server is not None
        self.server.close()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visit = Visit(reader, writer, self.requests)
        self.visits.append(visit)
        running = asyncio.current_task()
        assert running is not None
        self.scripts.add(running)
        # When the engine ends, a script may still be waiting for something that will not happen.
        with contextlib.suppress(asyncio.CancelledError):
            await self.script(visit)
        visit.is_over = True
        writer.close()
        self.scripts.discard(running)


async def answer_ok(visit: Visit) -> None:
    """Answer every request with `OK`."""
    while await visit.next():
        await visit.send(OK)


@contextlib.asynccontextmanager
async def engine(script: Script = answer_ok) -> AsyncIterator[Engine]:
    """A scripted engine that listens."""
    made = Engine(script)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.server = server
    made.endpoint = Endpoint("127.0.0.1", server.sockets[0].getsockname()[1])
    try:
        yield made
    finally:
        server.close()
        for visit in made.visits:
            visit.writer.transport.abort()
        await asyncio.gather(*(script for script in made.scripts if script.cancel()))


class Admission(Nothing):
    """Grants at once, or when told to; keeps a record of what it is asked. `others`: endpoints of other models."""

    def __init__(
        self, endpoint: Endpoint = NOWHERE, *, holds: bool = False, others: Mapping[str, Endpoint] | None = None
    ) -> None:
        self.endpoint = endpoint
        self.successor = endpoint
        self.holds = holds
        self.others = dict(others or {})
        self.model_of: dict[int, str] = {}
        self.kept: list[tuple[str, float | None]] = []
        self.waiting: dict[int, Waiter] = {}
        self.record: list[tuple[str, int]] = []
        self.changed = asyncio.Event()

    def ask(self, request: int, model: str, waiter: Waiter, priority: int = 0) -> None:
        assert model == "tiny" or model in self.others
        self.model_of[request] = model
        self.note("ask", request)
        self.waiting[request] = waiter
        if not self.holds:
            self.grant(request)

    def grant(self, request: int) -> None:
        waiter = self.waiting.pop(request)
        self.note("grant", request)
        waiter.granted(self.others.get(self.model_of[request], self.endpoint))

    def look(self, model: str) -> Endpoint | None:
        return None if self.holds else self.others.get(model, self.endpoint)

    def is_ready(self, model: str) -> bool:
        return not self.holds

    def keep_alive(self, model: str, ttl_s: float | None) -> None:
        self.kept.append((model, ttl_s))

    def refuse(self, request: int, kind: RefusalKind, message: str) -> None:
        self.waiting.pop(request).refused(Refuse(request, "tiny", kind, message))
        self.note("refuse", request)

    def end(self, request: int) -> None:
        self.note("end", request)

    def dropped(self, request: int, model: str, waiter: Waiter) -> None:
        self.note("dropped", request)
        self.endpoint = self.successor
        self.ask(request, model, waiter)

    def abandon(self, request: int) -> None:
        del self.waiting[request]
        self.note("abandon", request)

    def note(self, what: str, request: int) -> None:
        self.record.append((what, request))
        self.changed.set()

    async def until(self, *expected: str) -> None:
        """Wait until this is the whole record."""
        while [what for what, _ in self.record] != list(expected):
            self.changed.clear()
            await self.changed.wait()

    def check(self) -> None:
        """Everything that was asked is over, and in order."""
        outcomes = {("ask", "grant", "end"), ("ask", "refuse"), ("ask", "abandon")}
        returned = ("ask", "grant", "dropped")
        for request in {number for _, number in self.record}:
            heard = tuple(what for what, number in self.record if number == request)
            assert heard in outcomes or (heard[:3] == returned and heard[3:] in outcomes)


@dataclass
class Reply:
    """A response as a client sees it. `is_whole`: its framing says that it is complete."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    is_whole: bool = True

    def header(self, name: str) -> str | None:
        found = [value for known, value in self.headers if known == name]
        assert len(found) < 2, f"{name} comes {len(found)} times"
        return found[0] if found else None


@dataclass
class Client:
    """A client's connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()

    async def receive(self, *, method: str = "POST") -> Reply:
        """The next response."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        status_line, *lines = head.decode("latin-1").split("\r\n")[:-2]
        headers = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]
        reply = Reply(int(status_line.split(" ")[1]), headers, b"")
        if method == "HEAD" or reply.status in {100, 204, 304}:
            return reply
        try:
            await self._receive_body(reply)
        except (asyncio.IncompleteReadError, ConnectionError):
            reply.is_whole = False
        return reply

    async def _receive_body(self, reply: Reply) -> None:
        if reply.header("transfer-encoding") == "chunked":
            while size := int(await self.reader.readuntil(b"\r\n"), 16):
                reply.body += await self.reader.readexactly(size)
                assert await self.reader.readexactly(2) == b"\r\n"
            assert await self.reader.readexactly(2) == b"\r\n"
        elif (length := reply.header("content-length")) is not None:
            reply.body = await self.reader.readexactly(int(length))
        else:
            reply.body = await self.reader.read()

    async def ask(self, request: bytes, *, method: str = "POST") -> Reply:
        await self.send(request)
        return await self.receive(method=method)

    async def closed(self) -> None:
        """Wait until the gateway has closed; it sends nothing before."""
        with contextlib.suppress(ConnectionError):
            assert await self.reader.read() == b""

    def leave(self) -> None:
        self.writer.transport.abort()


@dataclass
class Records:
    """An observer that remembers."""

    records: list[Record] = field(default_factory=list)

    def ended(self, record: Record) -> None:
        self.records.append(record)

    @property
    def last(self) -> Record:
        return self.records[-1]


def service(
    admission: Admission,
    decided: Gateway = GATEWAY,
    limits: Limits | None = None,
    observer: Observer | None = None,
) -> Service:
    """What a gateway in a test serves; its control API is at the admission's endpoint."""
    ways = Ways(admission, Bypass(admission.look), Bypass(lambda _: admission.endpoint))
    around = Surroundings(admission, lambda: 0.0, time.time)
    return Service(replace(decided, around=around), ways, observer or Records(), limits or Limits())


@dataclass
class House:
    """A running gateway, and who has come."""

    server: GatewayServer
    admission: Admission
    observer: Records
    clients: list[Client] = field(default_factory=list)

    async def client(self) -> Client:
        host, port = self.server.addresses[0]
        made = Client(*await asyncio.open_connection(host, port, limit=2**18))
        self.clients.append(made)
        return made


@contextlib.asynccontextmanager
async def gateway(
    admission: Admission | None = None, decided: Gateway = GATEWAY, limits: Limits | None = None
) -> AsyncIterator[House]:
    """A gateway that listens; when it is left, nothing may be under way for long, and the admission's books balance."""
    admission = admission or Admission()
    observer = Records()
    made = service(admission, decided, limits, observer)
    house = House(await GatewayServer.bind("127.0.0.1", 0, made), admission, observer)
    await house.server.accept()
    try:
        yield house
    finally:
        for client in house.clients:
            client.leave()
        await house.server.drain(5)
    admission.check()
