"""The control API as the command line meets it: over its socket, through its client."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from remuda.daemon.control import ControlServer
from remuda.daemon.dispatcher import Dispatcher
from remuda.daemon.instances import Instances
from remuda.daemon.status import Status
from remuda.edge.control_client import ControlClient, model_path
from remuda.errors import EffectError, RemudaError, SpecError, UnsatisfiableError
from remuda.plan.plan import Instance
from remuda.residency.policy import Policy, Resident
from remuda.residency.residency import Residency
from tests.daemon.fleet_of_fakes import fake, launcher, places


@dataclass
class Api:
    client: ControlClient

    async def get(self, path: str) -> Any:
        return await asyncio.to_thread(self.client.get, path)

    async def post(self, model: str, action: str, **parameters: str) -> Any:
        return await asyncio.to_thread(lambda: self.client.post(model_path(model, action), **parameters))


@asynccontextmanager
async def api(directory: Path, *instances: Instance, claim: int = 1) -> AsyncIterator[Api]:
    at = places(directory)
    by_id = {instance.model_id: instance for instance in instances}
    residents = {model: Resident(model, {"cpu": claim}) for model in by_id}
    residency = Residency(Policy(residents, {"cpu": 1}))
    dispatcher = Dispatcher(residency)
    running = Instances(by_id, launcher(directory), at, emit=dispatcher.emit, reporter=lambda _: None)
    dispatcher.attach(running)
    status = Status(directory / "remuda.yaml", "http://127.0.0.1:1", at, by_id, residency, dispatcher, running)
    server = ControlServer(status, at.socket)
    server.start()
    try:
        yield Api(ControlClient(at.socket))
    finally:
        await dispatcher.shut_down(5)
        await server.close()


async def test_the_daemon_says_what_it_is(tmp_path: Path) -> None:
    async with api(tmp_path, fake()) as control:
        status = await control.get("/api/status")
    assert status["fleet"] == str(tmp_path / "remuda.yaml")
    assert status["url"] == "http://127.0.0.1:1"


async def test_load_answers_when_the_model_is_ready_and_unload_when_it_goes(tmp_path: Path) -> None:
    async with api(tmp_path, fake(model_id="org/tiny:1")) as control:
        loaded = await control.post("org/tiny:1", "load")
        assert (loaded["state"], loaded["in_flight"]) == ("ready", 0)
        unloaded = await control.post("org/tiny:1", "unload")
        assert unloaded["state"] == "stopping"


async def test_a_load_that_fails_says_why(tmp_path: Path) -> None:
    async with api(tmp_path, fake("--fail", "oom")) as control:
        with pytest.raises(EffectError, match="out of memory"):
            await control.post("fake", "load")
        rows = (await control.get("/api/models"))["models"]
        assert "out of memory" in rows[0]["failure"]


@pytest.mark.parametrize(("action", "error"), [("load", SpecError), ("unload", SpecError)])
async def test_an_unknown_model_is_an_error_of_the_input(tmp_path: Path, action: str, error: type[RemudaError]) -> None:
    async with api(tmp_path, fake()) as control:
        with pytest.raises(error) as raised:
            await control.post("fakee", action)
    assert raised.value.hint == "write `fake`"


async def test_a_model_that_can_never_fit_cannot_be_satisfied(tmp_path: Path) -> None:
    async with api(tmp_path, fake(), claim=2) as control:
        with pytest.raises(UnsatisfiableError):
            await control.post("fake", "load")


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


async def test_the_socket_is_private_and_goes_with_the_server(tmp_path: Path) -> None:
    socket = places(tmp_path).socket
    async with api(tmp_path, fake()):
        assert socket.stat().st_mode & 0o777 == 0o600
    assert not socket.exists()
