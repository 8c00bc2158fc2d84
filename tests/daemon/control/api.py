"""A running control API over fake engines, as its clients meet it: over its socket."""

import asyncio
import http.client
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.applications import Starlette

from remuda.daemon.books import Books
from remuda.daemon.control.app import app
from remuda.daemon.control.operation import Control
from remuda.daemon.control.server import ControlServer
from remuda.daemon.dispatcher import Dispatcher
from remuda.daemon.ending import End
from remuda.daemon.instances import Instances
from remuda.daemon.reload import Reloaded
from remuda.daemon.status import Status
from remuda.edge import unix_socket
from remuda.edge.control_client import ControlClient, model_path
from remuda.edge.usage_store import Kept
from remuda.plan.plan import Instance
from remuda.residency.policy import Policy, Resident
from remuda.residency.residency import Residency
from tests.daemon.fleet_of_fakes import launcher, places


@dataclass
class Reply:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=30)
        self._path = path

    def connect(self) -> None:
        self.sock = unix_socket.connect(self._path)
        self.sock.settimeout(self.timeout)


@dataclass
class Api:
    client: ControlClient
    control: Control
    socket: Path

    @property
    def app(self) -> Starlette:
        return app(self.control)

    async def get(self, path: str) -> Any:
        return await asyncio.to_thread(self.client.get, path)

    async def post(self, model: str, action: str, **parameters: str) -> Any:
        return await asyncio.to_thread(lambda: self.client.post(model_path(model, action), **parameters))

    async def ask(self, method: str, path: str, **headers: str) -> Reply:
        """Whatever is answered."""
        return await asyncio.to_thread(self._ask, method, path, headers)

    def _ask(self, method: str, path: str, headers: dict[str, str]) -> Reply:
        connection = UnixConnection(self.socket)
        try:
            connection.request(method, path, headers=headers)
            response = connection.getresponse()
            return Reply(response.status, response.headers, response.read())
        finally:
            connection.close()

    @asynccontextmanager
    async def stream(self, path: str) -> AsyncIterator["Stream"]:
        """The body of an answer that goes on."""
        connection = UnixConnection(self.socket)
        try:
            await asyncio.to_thread(connection.request, "GET", path)
            response = await asyncio.to_thread(connection.getresponse)
            assert response.status == 200
            yield Stream(response)
        finally:
            connection.close()


@dataclass
class Stream:
    response: http.client.HTTPResponse

    async def line(self) -> bytes:
        return await asyncio.to_thread(self.response.readline)

    async def event(self) -> tuple[int, str, Any]:
        """The number, type and data of an event of llama-swap's."""
        lines = [(await self.line()).decode() for _ in range(4)]
        message = json.loads(lines[2].removeprefix("data:"))
        assert (lines[1], lines[3]) == ("event:message\n", "\n")
        return int(lines[0].removeprefix("id:")), message["type"], json.loads(message["data"])

    async def rest(self) -> bytes:
        return await asyncio.to_thread(self.response.read)


async def unchanged() -> Reloaded:
    return Reloaded(keys=0, routes=0, models=1)


async def nothing() -> None:
    pass


@asynccontextmanager
async def api(
    directory: Path,
    *instances: Instance,
    claim: int = 1,
    reload: Callable[[], Awaitable[Reloaded]] = unchanged,
    replace: Callable[[], Awaitable[None]] = nothing,
    ends: list[End] | None = None,
) -> AsyncIterator[Api]:
    at = places(directory)
    by_id = {instance.model_id: instance for instance in instances}
    residents = {model: Resident(model, {"cpu": claim}) for model in by_id}
    residency = Residency(Policy(residents, {"cpu": 1}))
    dispatcher = Dispatcher(residency)
    books = Books(None, Kept(), None, lambda _: None)
    running = Instances(by_id, launcher(directory), at, emit=dispatcher.emit, reporter=books.tell)
    dispatcher.attach(running)
    status = Status(directory / "remuda.yaml", "http://127.0.0.1:1", at, residency, dispatcher, running)
    control = Control(status, books, reload, replace, (ends if ends is not None else []).append)
    server = ControlServer(control, at.socket)
    server.start()
    try:
        yield Api(ControlClient(at.socket), control, at.socket)
    finally:
        await dispatcher.shut_down(5)
        await server.close()
        await books.close()
