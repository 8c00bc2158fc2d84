"""One D-Bus connection to a service manager: the system's on the system's bus, a user's on that user's bus.

A manager also has a private socket, which `systemctl` prefers. It is not used: it takes no `Hello`, and a first message
that reaches it together with the end of the authentication is left lying until another one comes, while dbus-fast sends
the two at once and waits.

Every call is bounded in time. dbus-fast is imported when the first connection is made, as most fleets need none.

Not done here: what the messages mean (`remuda.edge.systemd.service_manager`), and to connect again.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

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


def place_of(environment: Mapping[str, str], *, is_user: bool) -> Path:
    """The socket of the bus that the system's manager is on, or the user's."""
    if not is_user:
        return Path("/run/dbus/system_bus_socket")
    return Path(environment.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}") / "bus"


class Bus:
    """An open connection; `connect` makes one."""

    def __init__(self, bus: MessageBus, heard: Heard, lost: Callable[[], None]) -> None:
        self._bus = bus
        self._heard = heard
        bus.add_message_handler(self._take)
        loop = asyncio.get_running_loop()
        self._watching = loop.create_task(self._watch(lost), name="watching the connection to systemd")

    @property
    def is_open(self) -> bool:
        """Whether nobody has closed it."""
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
        """Have the manager's signals sent. Raises BusError."""
        for rule in _RULES:
            await self._ask(_DAEMON, "AddMatch", "s", (rule,))
        await self.call("Subscribe", "")

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
            async with asyncio.timeout(limit_s):
                reply = await self._bus.call(message)
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


async def connect(place: Path, heard: Heard, lost: Callable[[], None]) -> Bus:
    """Connect to the bus at a socket, and have the manager's signals sent; `lost` is called once. Raises BusError."""
    from dbus_fast import AuthError, DBusError  # noqa: PLC0415
    from dbus_fast.aio import MessageBus  # noqa: PLC0415

    opened = MessageBus(f"unix:path={quote(str(place))}")
    try:
        async with asyncio.timeout(LIMIT_S):
            await opened.connect()
    except (AuthError, DBusError, OSError) as error:
        why = (error.strerror or "it does not answer") if isinstance(error, OSError) else str(error)
        message = f"cannot reach systemd on the bus at `{place}`: {why}"
        raise BusError(message, hint="see that there is one: a user's needs a session, or lingering") from error
    bus = Bus(opened, heard, lost)
    try:
        await bus.listen()
    except BaseException:
        bus.close()
        raise
    return bus
