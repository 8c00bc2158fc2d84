"""One D-Bus connection to a service manager, over a bus or straight to the manager's own socket.

The manager of the system and that of a user answer on the bus of theirs, where there is one, and in any case on a
private socket of theirs, which only root or that user may open: a server without a session has no bus of its user. On
the private socket D-Bus is spoken without a bus: nobody answers `Hello`, which dbus-fast takes no offence at, and no
match rule is needed to be sent signals. Whichever it is, a connection counts only once the manager has answered.

Every call is bounded in time. dbus-fast is imported when the first connection is made, as most fleets need none.

Not done here: what the messages mean (`remuda.edge.systemd.service_manager`), and to connect again.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from remuda.errors import EffectError

if TYPE_CHECKING:
    from dbus_fast import Message
    from dbus_fast.aio import MessageBus

MANAGER: Final = "org.freedesktop.systemd1.Manager"
MANAGER_PATH: Final = "/org/freedesktop/systemd1"
_PROPERTIES: Final = "org.freedesktop.DBus.Properties"
_NAME: Final = "org.freedesktop.systemd1"
LIMIT_S: Final = 10.0
"""How long an answer may take."""

_RULES: Final = (
    f"type='signal',sender='{_NAME}',interface='{MANAGER}',member='JobRemoved'",
    f"type='signal',sender='{_NAME}',interface='{_PROPERTIES}',path_namespace='{MANAGER_PATH}/unit'",
)

_Interface = tuple[str, str, str]
"""Who is asked: its name on the bus, the path of its object, the interface."""

_DAEMON: Final[_Interface] = ("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus")

Heard = Callable[[str, str, list[Any]], None]
"""Takes a signal of the manager: the object's path, the signal's name, its values."""


class BusError(EffectError):
    """A call that was refused or not answered; `name` as D-Bus has it, empty when there was no answer."""

    def __init__(self, message: str, *, name: str = "", hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.name = name


@dataclass(frozen=True, slots=True)
class Address:
    """Where a manager may answer; `is_bus` when others do as well, so that it has to be asked for its signals."""

    path: Path
    is_bus: bool


def addresses(environment: Mapping[str, str], *, is_user: bool) -> tuple[Address, ...]:
    """Where the manager of the system, or the user's, may answer, the best place first."""
    if not is_user:
        return (
            Address(Path("/run/dbus/system_bus_socket"), is_bus=True),
            Address(Path("/run/systemd/private"), is_bus=False),
        )
    runtime = Path(environment.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}")
    return (Address(runtime / "bus", is_bus=True), Address(runtime / "systemd" / "private", is_bus=False))


class Bus:
    """An open connection; `connect` makes one."""

    def __init__(self, bus: MessageBus, heard: Heard, lost: Callable[[], None]) -> None:
        self._bus = bus
        self._heard = heard
        bus.add_message_handler(self._take)
        self._watching = asyncio.get_running_loop().create_task(
            self._watch(lost), name="watching for systemd's hang-up"
        )

    @property
    def is_open(self) -> bool:
        """Whether the manager has not closed it, as it does when it is executed anew."""
        return self._bus.connected

    async def call(self, member: str, signature: str, *values: object, limit_s: float = LIMIT_S) -> list[Any]:
        """Call a method of the manager. Raises BusError."""
        return await self._ask((_NAME, MANAGER_PATH, MANAGER), member, signature, values, limit_s)

    async def properties(self, path: str) -> dict[str, Any]:
        """All properties of an object of the manager. Raises BusError."""
        from dbus_fast.unpack import unpack_variants  # noqa: PLC0415

        (properties,) = await self._ask((_NAME, path, _PROPERTIES), "GetAll", "s", ("",))
        return dict(unpack_variants(properties))

    async def listen(self) -> None:
        """Let a bus pass the manager's signals on. Raises BusError."""
        for rule in _RULES:
            await self._ask(_DAEMON, "AddMatch", "s", (rule,))

    def close(self) -> None:
        """Let go of it; the manager goes on."""
        self._watching.cancel()
        self._bus.remove_message_handler(self._take)
        self._bus.disconnect()

    async def _ask(
        self, whom: _Interface, member: str, signature: str, values: tuple[object, ...], limit_s: float = LIMIT_S
    ) -> list[Any]:
        from dbus_fast import Message, MessageType  # noqa: PLC0415

        message = Message(*whom, member, signature=signature, body=list(values))
        try:
            reply = await asyncio.wait_for(self._bus.call(message), limit_s)
        except TimeoutError:
            raise BusError(f"systemd has not answered `{member}` for {limit_s:g} s") from None
        except (OSError, EOFError) as error:
            raise BusError(f"the connection to systemd was lost while it was to answer `{member}`") from error
        if reply.message_type is MessageType.ERROR:
            said = reply.body[0] if reply.body else f"it refused `{member}`"
            raise BusError(str(said).rstrip("."), name=reply.error_name or "")
        return reply.body

    async def _watch(self, lost: Callable[[], None]) -> None:
        with contextlib.suppress(OSError, EOFError):
            await self._bus.wait_for_disconnect()  # type: ignore[no-untyped-call]
        lost()

    def _take(self, message: Message) -> None:
        if message.message_type.name == "SIGNAL" and message.path and message.member:
            self._heard(message.path, message.member, message.body)


async def connect(places: tuple[Address, ...], heard: Heard, lost: Callable[[], None]) -> Bus:
    """Connect to the first place where the manager answers, and ask for its signals. Raises BusError."""
    tried: list[str] = []
    for place in places:
        try:
            return await _connect(place, heard, lost)
        except (BusError, OSError) as error:
            why = error.message if isinstance(error, BusError) else error.strerror
            tried.append(f"`{place.path}`: {why or 'no answer'}")
    raise BusError(f"cannot reach systemd: {'; '.join(tried)}", hint="see that systemd runs, and is this user's to ask")


async def _connect(place: Address, heard: Heard, lost: Callable[[], None]) -> Bus:
    from dbus_fast import AuthError, DBusError  # noqa: PLC0415
    from dbus_fast.aio import MessageBus  # noqa: PLC0415

    opened = MessageBus(f"unix:path={place.path}")
    try:
        await asyncio.wait_for(opened.connect(), LIMIT_S)
    except (AuthError, DBusError) as error:
        raise BusError(f"it does not let this user in: {error}") from error
    bus = Bus(opened, heard, lost)
    try:
        if place.is_bus:
            await bus.listen()
        await bus.call("Subscribe", "")
    except BaseException:
        bus.close()
        raise
    return bus
