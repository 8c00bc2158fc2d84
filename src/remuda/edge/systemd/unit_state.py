"""What a service manager knows of one unit, and how its objects are named.

Property names and their meaning: org.freedesktop.systemd1(5).
"""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

_UNITS: Final = "/org/freedesktop/systemd1/unit/"
_PLAIN: Final = frozenset(string.ascii_letters + string.digits)
_KILLED: Final = frozenset((2, 3))
"""CLD_KILLED and CLD_DUMPED of waitid(2): the status is then a signal's number."""

_NOTED_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class UnitState:
    """A unit at one moment.

    `load_state`: `loaded`, `not-found`, `bad-setting`, `masked`, … `active_state`: `active`, `activating`, `inactive`,
    `failed`, … and `sub_state` in the unit type's own words (`running`, `auto-restart`). `result`: why it ended last,
    `success` when nothing was wrong. `main_pid`: 0 while there is none; `exec_main_*` tell of the last one there was,
    `exec_main_code` as waitid(2) has it, 0 while it runs. `invocation_id` is another for each time that it is started,
    empty before. `needs_reload`: its files have changed since systemd has read them. Times are in microseconds: that of
    the monotonic clock at which it became active, that of the day at which it began to; 0 when never.
    """

    name: str
    load_state: str
    load_error: str
    active_state: str
    sub_state: str
    result: str
    main_pid: int
    exec_main_pid: int
    exec_main_code: int
    exec_main_status: int
    n_restarts: int
    status_text: str
    control_group: str
    invocation_id: str
    needs_reload: bool
    active_enter_monotonic_us: int
    began_realtime_us: int

    @property
    def is_up(self) -> bool:
        """Whether it runs or is about to, also when systemd starts it again by itself."""
        return self.active_state in {"active", "activating", "reloading"}

    @property
    def began_s(self) -> float:
        """Before its first line, since 1970: systemd notes the time when it has started the process, not before."""
        return self.began_realtime_us / 1e6 - _NOTED_S

    def exit_status(self, pid: int) -> int | None:
        """How its main process of this number ended, as `subprocess` has it; None when that is not known."""
        if self.exec_main_pid != pid or not self.exec_main_code:
            return None
        return -self.exec_main_status if self.exec_main_code in _KILLED else self.exec_main_status


def state_of(properties: Mapping[str, Any]) -> UnitState:
    """The state that the properties of a unit's object tell; a unit that is no service has no processes."""
    return UnitState(
        name=properties["Id"],
        load_state=properties["LoadState"],
        load_error=properties["LoadError"][1],
        active_state=properties["ActiveState"],
        sub_state=properties["SubState"],
        result=properties.get("Result", "success"),
        main_pid=properties.get("MainPID", 0),
        exec_main_pid=properties.get("ExecMainPID", 0),
        exec_main_code=properties.get("ExecMainCode", 0),
        exec_main_status=properties.get("ExecMainStatus", 0),
        n_restarts=properties.get("NRestarts", 0),
        status_text=properties.get("StatusText", ""),
        control_group=properties.get("ControlGroup", ""),
        invocation_id=bytes(properties["InvocationID"]).hex(),
        needs_reload=properties["NeedDaemonReload"],
        active_enter_monotonic_us=properties["ActiveEnterTimestampMonotonic"],
        began_realtime_us=properties["InactiveExitTimestamp"],
    )


def object_path(unit: str) -> str:
    """The path of a unit's object: what is neither letter nor digit is written as `_` and the byte's two hex digits.

    So is a digit at the beginning.
    """
    escaped = (
        character if character in _PLAIN and (at or not character.isdigit()) else _hex(character)
        for at, character in enumerate(unit)
    )
    return _UNITS + "".join(escaped)


def _hex(character: str) -> str:
    return "".join(f"_{byte:02x}" for byte in character.encode())
