"""`GET /api/status`: the daemon itself."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from remuda.daemon.control.operation import Control, Operation, answer
from remuda.daemon.status import DaemonStatus


async def _status(control: Control, request: Request) -> Response:
    del request
    return answer(control.status.daemon())


OPERATIONS = (Operation("GET", "/api/status", _status, "The daemon", DaemonStatus),)
