import asyncio
import time
from pathlib import Path

import pytest

from remuda.daemon.ending import End
from remuda.errors import EffectError, RemudaError, SpecError, UnsatisfiableError
from tests.daemon.control.api import api
from tests.daemon.fleet_of_fakes import fake


@pytest.mark.parametrize(
    ("query", "how"), [("", End.STOP), ("?keep_engines=true", End.LEAVE), ("?kill=true&keep_engines=false", End.KILL)]
)
async def test_the_daemon_is_ended_as_is_asked(tmp_path: Path, query: str, how: End) -> None:
    ends: list[End] = []
    async with api(tmp_path, fake(), ends=ends) as control:
        reply = await control.ask("POST", f"/api/shutdown{query}")
    assert (reply.status, reply.json["fleet"], ends) == (200, str(tmp_path / "remuda.yaml"), [how])


async def test_engines_are_not_both_killed_and_kept(tmp_path: Path) -> None:
    ends: list[End] = []
    async with api(tmp_path, fake(), ends=ends) as control:
        reply = await control.ask("POST", "/api/shutdown?keep_engines=true&kill=true")
    assert (reply.status, ends) == (400, [])


@pytest.mark.parametrize("path", ["/api/shutdown", "/api/restart"])
async def test_clients_of_the_gateway_cannot_end_the_daemon(tmp_path: Path, path: str) -> None:
    ends: list[End] = []

    async def replace() -> None:
        ends.append(End.REPLACE)

    async with api(tmp_path, fake(), ends=ends, replace=replace) as control:
        reply = await control.ask("POST", path, **{"x-forwarded-for": "127.0.0.1"})
    assert (reply.status, reply.json["error"]["code"], ends) == (403, "forbidden", [])


@pytest.mark.parametrize("error", [SpecError("wrong"), UnsatisfiableError("too large"), EffectError("no address")])
async def test_a_daemon_that_could_not_be_followed_stays_and_says_why(tmp_path: Path, error: RemudaError) -> None:
    async def replace() -> None:
        raise error

    async with api(tmp_path, fake(), replace=replace) as control:
        with pytest.raises(type(error), match=error.message):
            await asyncio.to_thread(control.client.hold, "/api/restart")
        assert (await control.ask("GET", "/api/status")).status == 200


async def test_who_asked_for_another_daemon_sees_when_this_one_has_gone(tmp_path: Path) -> None:
    async with api(tmp_path, fake()) as control:
        held = asyncio.get_running_loop().create_task(asyncio.to_thread(control.client.hold, "/api/restart"))
        assert await asyncio.wait((held,), timeout=0.3) == (set(), {held})
        began = time.monotonic()
    await held
    assert time.monotonic() - began < 5
