import asyncio
import contextlib
from pathlib import Path

import pytest

from remuda.errors import EffectError
from tests.daemon.control.api import UnixConnection, api
from tests.daemon.fleet_of_fakes import fake, places


async def test_the_socket_is_private_and_goes_with_the_server(tmp_path: Path) -> None:
    socket = places(tmp_path).socket
    async with api(tmp_path, fake()):
        assert socket.stat().st_mode & 0o777 == 0o600
    assert not socket.exists()


async def test_a_place_where_no_socket_can_be_is_an_error(tmp_path: Path) -> None:
    places(tmp_path).socket.mkdir()
    with pytest.raises(EffectError, match="cannot listen on the control socket"):
        async with api(tmp_path, fake()):
            pass


@pytest.mark.parametrize("path", ["/api/events", "/logs/stream", "/logs/stream/fake", "/api/models/fake/logs?follow=1"])
async def test_a_look_at_a_stream_does_not_begin_it(tmp_path: Path, path: str) -> None:
    def look_and_go_on(connection: UnixConnection) -> list[int]:
        statuses = []
        for method, target in (("HEAD", path), ("GET", "/api/status")):
            connection.request(method, target)
            response = connection.getresponse()
            response.read()
            statuses.append(response.status)
        return statuses

    async with api(tmp_path, fake()) as control:
        with contextlib.closing(UnixConnection(control.socket)) as connection:
            assert await asyncio.to_thread(look_and_go_on, connection) == [200, 200]


async def test_streams_do_not_keep_a_daemon_that_ends(tmp_path: Path) -> None:
    async with api(tmp_path, fake()) as control, control.stream("/api/events") as stream:
        await stream.event()
        async with asyncio.timeout(5):
            await control.control.status.dispatcher.shut_down(5)
            await stream.rest()
