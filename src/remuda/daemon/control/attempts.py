"""What became of the last attempts to run a model."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from remuda.daemon.control.operation import UNKNOWN_MODEL, Control, Operation, answer, known_model
from remuda.daemon.history import Ended
from remuda.edge import engine_log


class AttemptList(msgspec.Struct, frozen=True):
    """The attempts that are over, the last one first, and the numbers of all logs that are kept.

    The logs of an earlier daemon are among these; what became of its attempts is not known any more.
    """

    attempts: list[Ended]
    logs: list[int]


async def _attempts(control: Control, request: Request) -> Response:
    model = known_model(control, request)
    logs = engine_log.attempts(control.status.places.log(model))
    return answer(AttemptList(list(control.status.instances.history(model)), logs))


OPERATIONS = (
    Operation(
        "GET",
        "/api/models/{model:path}/attempts",
        _attempts,
        "What became of the last attempts to run a model",
        AttemptList,
        UNKNOWN_MODEL,
    ),
)
