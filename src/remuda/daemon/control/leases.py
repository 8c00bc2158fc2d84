"""Leases: somebody holds on to a model for a while, so that nothing else takes its place.

A lease loads nothing by itself and ends with the daemon.
"""

from __future__ import annotations

import itertools
import math
from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from remuda.daemon.control.operation import (
    UNKNOWN_MODEL,
    Control,
    Operation,
    Refused,
    answer,
    fleet_model,
    read_query,
)
from remuda.residency.events import LeaseAsked, LeaseEnded
from remuda.spec.form import FormError
from remuda.spec.quantity import parse_duration

_DEFAULT_TTL = "10m"
_NUMBERS = itertools.count(1)


class LeaseQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which model, and for how long: `15m`, `never` to hold it until the lease is given back.

    With `lease`, the ID of a lease, that is prolonged (and moved to the model), or taken if there is none.
    """

    model: str
    ttl: str = _DEFAULT_TTL
    lease: Annotated[str, msgspec.Meta(min_length=1, max_length=128)] | None = None


class LeaseStatus(msgspec.Struct, frozen=True):
    """A lease; `remaining_s` is None for one that only its end ends."""

    lease: str
    model: str
    remaining_s: float | None


class LeaseList(msgspec.Struct, frozen=True):
    """Every lease that has not ended."""

    leases: list[LeaseStatus]


async def _lease(control: Control, request: Request) -> Response:
    query = read_query(request, LeaseQuery)
    model = fleet_model(control, query.model)
    lease = query.lease or f"lease-{next(_NUMBERS)}"
    ttl_s = _ttl_s(query.ttl)
    dispatcher = control.status.dispatcher
    dispatcher.emit(LeaseAsked(lease, model, None if ttl_s is None else dispatcher.now() + ttl_s))
    return answer(LeaseStatus(lease, model, ttl_s))


async def _leases(control: Control, request: Request) -> Response:
    del request
    return answer(LeaseList(_all(control)))


async def _end(control: Control, request: Request) -> Response:
    lease = request.path_params["lease"]
    known = {each.lease: each for each in _all(control)}
    if lease not in known:
        raise Refused(404, f"there is no lease `{lease}`", "unknown_lease", hint="read `/api/leases`")
    control.status.dispatcher.emit(LeaseEnded(lease))
    return answer(known[lease])


def _all(control: Control) -> list[LeaseStatus]:
    now = control.status.dispatcher.now()
    return [
        LeaseStatus(lease, held.model, _remaining_s(held.until, now))
        for lease, held in control.status.residency.leases().items()
    ]


def _remaining_s(until: float | None, now: float) -> float | None:
    return None if until is None or math.isinf(until) else round(max(0.0, until - now), 3)


def _ttl_s(text: str) -> float | None:
    try:
        seconds = parse_duration(text)
    except FormError as error:
        raise Refused(400, f"cannot read the query: `ttl` {error.message}", "bad_parameter", hint=error.hint) from None
    if seconds == 0:
        raise Refused(400, "cannot read the query: `ttl` must be longer than 0", "bad_parameter")
    return seconds


OPERATIONS = (
    Operation("GET", "/api/leases", _leases, "Every lease", LeaseList),
    Operation(
        "POST",
        "/api/leases",
        _lease,
        "Hold on to a model: it is not evicted, and not stopped by its ttl",
        LeaseStatus,
        {400: "The query cannot be read.", **UNKNOWN_MODEL},
        LeaseQuery,
    ),
    Operation(
        "DELETE",
        "/api/leases/{lease:path}",
        _end,
        "Give a lease back",
        LeaseStatus,
        {404: "There is no such lease."},
    ),
)
