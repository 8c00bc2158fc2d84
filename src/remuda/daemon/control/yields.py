"""Devices lent to other programs: what is on them goes, and nothing comes back before they are returned."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from remuda.daemon.control.operation import Control, Operation, Refused, answer, read_query
from remuda.residency.events import DeviceReturned, DeviceYielded
from remuda.spec.nearest import suggestion


class YieldQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which device, and to whom, for the messages of refused requests; with `kill`, requests are broken off."""

    device: str
    to: str = "another program"
    kill: bool = False


class DeviceQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which device."""

    device: str


class YieldStatus(msgspec.Struct, frozen=True):
    """A device. `is_yielded`: whether it is lent; `users`: models whose instances still hold memory of it."""

    device: str
    is_yielded: bool
    users: tuple[str, ...]


class YieldList(msgspec.Struct, frozen=True):
    """Every device that models of the fleet may use."""

    devices: list[YieldStatus]


async def _yields(control: Control, request: Request) -> Response:
    del request
    return answer(YieldList([_status(control, device) for device in _devices(control)]))


async def _yield(control: Control, request: Request) -> Response:
    query = read_query(request, YieldQuery)
    device = _known(control, query.device)
    control.status.dispatcher.emit(DeviceYielded(device, query.to, query.kill))
    return answer(_status(control, device))


async def _return(control: Control, request: Request) -> Response:
    device = _known(control, read_query(request, DeviceQuery).device)
    control.status.dispatcher.emit(DeviceReturned(device))
    return answer(_status(control, device))


def _devices(control: Control) -> list[str]:
    instances = control.status.plan_instances.values()
    return sorted({device for instance in instances for device in (*instance.devices, *instance.claims)})


def _known(control: Control, device: str) -> str:
    known = _devices(control)
    if device not in known:
        hint = suggestion(device, known, otherwise=f"choose one of `{'`, `'.join(known)}`")
        raise Refused(404, f"no model of this fleet uses a device `{device}`", "unknown_device", hint=hint)
    return device


def _status(control: Control, device: str) -> YieldStatus:
    residency = control.status.residency
    return YieldStatus(device, device in residency.yielded(), tuple(residency.users(device)))


_ERRORS = {400: "The query cannot be read.", 404: "No model uses such a device."}

OPERATIONS = (
    Operation("GET", "/api/yield", _yields, "Every device, whether it is lent, and what still uses it", YieldList),
    Operation(
        "POST",
        "/api/yield",
        _yield,
        "Lend a device to another program; answered at once, requests finish first",
        YieldStatus,
        _ERRORS,
        YieldQuery,
    ),
    Operation("DELETE", "/api/yield", _return, "Use a device again", YieldStatus, _ERRORS, DeviceQuery),
)
