"""Where a manager is looked for, and what is said when none answers there."""

import asyncio
import os
from pathlib import Path

import pytest

from remuda.edge.systemd import bus
from remuda.edge.systemd.bus import Address, BusError, addresses, connect


def test_a_users_manager_is_found_in_the_users_runtime_directory() -> None:
    places = addresses({"XDG_RUNTIME_DIR": "/run/user/7"}, is_user=True)
    assert [str(place.path) for place in places] == ["/run/user/7/bus", "/run/user/7/systemd/private"]
    assert addresses({}, is_user=True)[0].path == Path(f"/run/user/{os.getuid()}/bus")


def test_the_systems_manager_is_where_it_always_is() -> None:
    places = addresses({"XDG_RUNTIME_DIR": "/run/user/7"}, is_user=False)
    assert [str(place.path) for place in places] == ["/run/dbus/system_bus_socket", "/run/systemd/private"]


async def refusal(*places: Address) -> BusError:
    with pytest.raises(BusError) as refused:
        await connect(places, lambda *_: None, lambda: None)
    return refused.value


async def test_every_place_that_was_tried_is_named(tmp_path: Path) -> None:
    error = await refusal(Address(tmp_path / "bus", is_bus=True), Address(tmp_path / "private", is_bus=False))
    assert error.message == (
        f"cannot reach systemd: `{tmp_path}/bus`: No such file or directory; "
        f"`{tmp_path}/private`: No such file or directory"
    )
    assert error.hint == "see that systemd runs, and is this user's to ask"


@pytest.mark.parametrize(
    ("answer", "why"),
    [(None, "no answer"), (b"REJECTED EXTERNAL\r\n", "it does not let this user in"), (b"", "closed during")],
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
        error = await refusal(Address(tmp_path / "socket", is_bus=False))
    assert why in error.message
