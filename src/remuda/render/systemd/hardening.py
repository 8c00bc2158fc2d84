"""What units may not do.

An engine compiles code while it runs and maps it, so that it needs memory which is writable and executable, a cache
that is not mounted `noexec` (no `DynamicUser=`), all of /proc, and system calls that no list of good ones would have;
what is named here is what no engine has a use for. The gateway does none of that, so it is held shorter.

The manager of a user cannot take away what needs privileges; its units get what it can do without a user namespace of
their own, in which the groups that open a GPU would be gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

Key = tuple[str, str]

_FAMILIES: Final = ("RestrictAddressFamilies", "AF_UNIX AF_INET AF_INET6 AF_NETLINK")
_ALL: Final[tuple[Key, ...]] = (
    ("NoNewPrivileges", "yes"),
    ("LockPersonality", "yes"),
    _FAMILIES,
    ("RestrictNamespaces", "yes"),
    ("RestrictRealtime", "yes"),
    ("RestrictSUIDSGID", "yes"),
    ("SystemCallArchitectures", "native"),
    ("SystemCallErrorNumber", "EPERM"),
)
_SYSTEM: Final[tuple[Key, ...]] = (
    ("AmbientCapabilities", ""),
    ("CapabilityBoundingSet", ""),
    ("PrivateTmp", "yes"),
    ("ProtectClock", "yes"),
    ("ProtectControlGroups", "yes"),
    ("ProtectHostname", "yes"),
    ("ProtectKernelLogs", "yes"),
    ("ProtectKernelModules", "yes"),
    ("ProtectKernelTunables", "yes"),
    ("ProtectSystem", "strict"),
)
_HOMES: Final = ("/home/", "/root/", "/run/user/")


def of_engine(*, is_system: bool) -> Iterator[Key]:
    """The keys of an engine's unit."""
    yield from _ALL
    yield "SystemCallFilter", "~@clock @cpu-emulation @module @mount @obsolete @raw-io @reboot @swap"
    if is_system:
        yield from _SYSTEM
        yield "ProtectProc", "invisible"
        yield "RemoveIPC", "yes"
        yield "UMask", "0027"


def of_gateway(*, is_system: bool) -> Iterator[Key]:
    """The keys of the gateway's unit. It looks at the processes of engines, so /proc stays as it is."""
    yield from _ALL
    yield "MemoryDenyWriteExecute", "yes"
    yield "SystemCallFilter", "@system-service"
    yield "SystemCallFilter", "~@privileged @resources"
    yield "UMask", "0077"
    if is_system:
        yield from _SYSTEM
        yield "RemoveIPC", "yes"


def devices(allowed: Iterable[str]) -> Iterator[Key]:
    """What a unit of the system's may open in /dev beside what every program needs."""
    words = tuple(allowed)
    if not words:
        yield "PrivateDevices", "yes"
        return
    yield "DevicePolicy", "closed"
    yield from (("DeviceAllow", f"{word} rw") for word in words)


def homes(texts: Iterable[str]) -> Key:
    """Homes are out of sight, unless something of the unit is in one: then they can be read, as far as they can be."""
    is_needed = any(home in text for text in texts for home in _HOMES)
    return "ProtectHome", "read-only" if is_needed else "yes"
