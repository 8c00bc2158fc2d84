"""Hands open sockets to the program that takes this one's place, as systemd hands them to a service (sd_listen_fds(3)).

`LISTEN_FDS` descriptors from number 3 on, meant for the process `LISTEN_PID`, bear the names of `LISTEN_FDNAMES`. So a
daemon that replaces itself and one that a socket unit starts are the same to the daemon that begins. What bears none
of our names is a socket unit's, where the gateway is to answer.

Between the two programs signals wait: one that came before the new one's handlers are set would end it at once.
"""

from __future__ import annotations

import fcntl
import os
import signal
from collections.abc import Collection, Mapping, MutableMapping
from dataclasses import dataclass
from typing import NoReturn

from remuda.errors import EffectError

_FIRST = 3
_GATEWAY = "remuda-gateway"
_CONTROL = "remuda-control"
_LOCK = "remuda-lock"
_UNIT = "socket-unit"


@dataclass(frozen=True, slots=True)
class Estate:
    """Open descriptors, by what they are for: the gateway's and the control API's sockets, the fleet's lock.

    `is_of_unit`: where the gateway listens is for a socket unit to say, not for the fleet file.
    """

    gateway: tuple[int, ...] = ()
    control: int | None = None
    lock: int | None = None
    is_of_unit: bool = False

    def named(self) -> list[tuple[str, int]]:
        """Each descriptor with its name."""
        ours = ((_CONTROL, self.control), (_LOCK, self.lock))
        return [
            *((_UNIT if self.is_of_unit else _GATEWAY, descriptor) for descriptor in self.gateway),
            *((name, descriptor) for name, descriptor in ours if descriptor is not None),
        ]


NOTHING = Estate()


def inherit(environment: MutableMapping[str, str]) -> Estate:
    """What was handed to this process; the variables are removed, since engines have no part in it."""
    pid, count, names = (environment.pop(f"LISTEN_{name}", "") for name in ("PID", "FDS", "FDNAMES"))
    if pid != str(os.getpid()) or not count.isdecimal():
        return NOTHING
    descriptors = range(_FIRST, _FIRST + int(count))
    for descriptor in descriptors:
        os.set_inheritable(descriptor, False)  # noqa: FBT003  that is how it is spelt
    named = dict(zip(descriptors, names.split(":"), strict=False))
    by_name = {named.get(descriptor, ""): descriptor for descriptor in descriptors}
    control, lock = by_name.get(_CONTROL), by_name.get(_LOCK)
    gateway = tuple(descriptor for descriptor in descriptors if descriptor not in {control, lock})
    return Estate(gateway, control, lock, any(named.get(descriptor) != _GATEWAY for descriptor in gateway))


def replace_process(argv: list[str], environment: Mapping[str, str], estate: Estate) -> NoReturn:
    """Let another program take this process's place, with these descriptors and no others. Raises EffectError."""
    named = estate.named()
    beyond = _FIRST + len(named)
    # First out of each other's way: the numbers that are wanted may be theirs in another order.
    moved = [fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, beyond) for _, descriptor in named]
    for number, descriptor in enumerate(moved, _FIRST):
        os.dup2(descriptor, number)
    told = {
        "LISTEN_PID": str(os.getpid()),
        "LISTEN_FDS": str(len(named)),
        "LISTEN_FDNAMES": ":".join(name for name, _ in named),
    }
    try:
        os.execve(argv[0], argv, {**environment, **told})  # noqa: S606  no shell, which is what is wanted
    except OSError as error:
        message = f"cannot execute `{argv[0]}`: {error.strerror}"
        raise EffectError(message, hint="use `remuda up`, which takes over the engines") from error


def hold_signals(numbers: Collection[int]) -> None:
    """Let these wait, also for the program that takes this one's place."""
    signal.pthread_sigmask(signal.SIG_BLOCK, numbers)


def let_signals_come(numbers: Collection[int]) -> None:
    """Take these from now on, and what has waited."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, numbers)
