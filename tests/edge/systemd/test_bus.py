"""Where a manager is looked for, and what is said when none answers there."""

import asyncio
import os
from pathlib import Path

import pytest

from remuda.edge.systemd import bus
from remuda.edge.systemd.bus import BusError, connect, place_of


@pytest.mark.parametrize(
    ("environment", "is_user", "place"),
    [
        ({"XDG_RUNTIME_DIR": "/run/user/7"}, True, "/run/user/7/bus"),
        ({}, True, f"/run/user/{os.getuid()}/bus"),
        ({"XDG_RUNTIME_DIR": "/run/user/7"}, False, "/run/dbus/system_bus_socket"),
    ],
)
def test_each_manager_is_on_its_bus(environment: dict[str, str], place: str, *, is_user: bool) -> None:
    assert place_of(environment, is_user=is_user) == Path(place)


async def refusal(place: Path) -> BusError:
    with pytest.raises(BusError) as refused:
        await connect(place, lambda *_: None, lambda: None)
    return refused.value


async def test_a_bus_that_is_not_there_is_named(tmp_path: Path) -> None:
    error = await refusal(tmp_path / "a b;c")
    assert error.message == f"cannot reach systemd on the bus at `{tmp_path}/a b;c`: No such file or directory"
    assert error.hint == "see that there is one: a user's needs a session, or lingering"


@pytest.mark.parametrize(
    ("answer", "why"),
    [(None, "it does not answer"), (b"REJECTED EXTERNAL\r\n", "authentication failed"), (b"", "closed during")],
)
async def test_what_does_not_speak_as_it_should_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: bytes | None, why: str
) -> None:
    monkeypatch.setattr(bus, "LIMIT_S", 0.2)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        if answer is not None:
            writer.write(answer)
            writer.close()
        await reader.read()
        writer.close()

    async with await asyncio.start_unix_server(serve, tmp_path / "socket"):
        error = await refusal(tmp_path / "socket")
    assert why in error.message
