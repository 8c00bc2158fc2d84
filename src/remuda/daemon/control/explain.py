"""`GET /api/explain`: what would happen if a model were asked for now."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from remuda.daemon.control.operation import UNKNOWN_MODEL, Control, Operation, answer, fleet_model, read_query
from remuda.residency.status import Explanation


class ExplainQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which model."""

    model: str


async def _explain(control: Control, request: Request) -> Response:
    model = fleet_model(control, read_query(request, ExplainQuery).model)
    return answer(control.status.residency.explain(model, control.status.dispatcher.now()))


OPERATIONS = (
    Operation(
        "GET",
        "/api/explain",
        _explain,
        "What would be evicted for a model now, or what blocks it",
        Explanation,
        {400: "The query cannot be read.", **UNKNOWN_MODEL},
        ExplainQuery,
    ),
)
