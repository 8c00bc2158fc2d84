"""`POST /api/shutdown` and `POST /api/restart`: the end of this daemon.

Both are for who owns the daemon, at its socket: a client of the gateway, whatever its key, has no business with them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from remuda.daemon.control.operation import TEXT, Control, Operation, Refused, answer, read_query, stream
from remuda.daemon.ending import End
from remuda.daemon.status import DaemonStatus
from remuda.errors import RemudaError, SpecError, UnsatisfiableError

_ELSEWHERE = {403: "It was not asked at the daemon's own socket."}


class ShutdownQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """With `keep_engines` they go on, for the next daemon; with `kill` nothing is waited for."""

    keep_engines: bool = False
    kill: bool = False


async def _shutdown(control: Control, request: Request) -> Response:
    _only_here(request)
    query = read_query(request, ShutdownQuery)
    if query.keep_engines and query.kill:
        raise Refused(400, "engines that are killed cannot be kept", "bad_parameter", hint="leave one of the two out")
    control.end(End.LEAVE if query.keep_engines else End.KILL if query.kill else End.STOP)
    return answer(control.status.daemon())


async def _restart(control: Control, request: Request) -> Response:
    _only_here(request)
    try:
        await control.replace()
    except RemudaError as error:
        raise Refused(409, error.message, _code(error), hint=error.hint) from error
    return stream(request, _until_gone(control), TEXT)


async def _until_gone(control: Control) -> AsyncIterator[bytes]:
    """A line, and silence until the daemon has gone: so whoever asked sees when."""
    yield f"{control.status.in_flight}\n".encode()
    await asyncio.Event().wait()


def _only_here(request: Request) -> None:
    if "x-forwarded-for" in request.headers:
        message = f"`{request.url.path}` is not for clients of the gateway"
        raise Refused(403, message, "forbidden", hint="use `remuda down` or `remuda restart` on its machine")


def _code(error: RemudaError) -> str:
    match error:
        case SpecError():
            return "cannot_reload"
        case UnsatisfiableError():
            return "cannot_fit"
        case _:
            return "cannot_restart"


OPERATIONS = (
    Operation(
        "POST",
        "/api/shutdown",
        _shutdown,
        "Finish requests, stop the engines, end the daemon",
        DaemonStatus,
        {400: "The query cannot be read.", **_ELSEWHERE},
        ShutdownQuery,
    ),
    Operation(
        "POST",
        "/api/restart",
        _restart,
        "Let a fresh daemon take over; the answer ends when this one has gone",
        TEXT,
        {409: "A fresh daemon could not begin; everything stays as it was.", **_ELSEWHERE},
    ),
)
