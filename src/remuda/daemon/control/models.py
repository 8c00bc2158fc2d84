"""The models: what they are doing, load, unload."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from remuda.daemon.control.operation import (
    UNKNOWN_MODEL,
    Control,
    Operation,
    Refused,
    answer,
    known_model,
    read_query,
)
from remuda.daemon.status import ModelStatus
from remuda.edge.http.seam import Endpoint
from remuda.residency.commands import Refuse


class ModelList(msgspec.Struct, frozen=True):
    """Every model, in the order of the file."""

    models: list[ModelStatus]


class UnloadQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """With `kill`, requests that the model is answering are broken off."""

    kill: bool = False


@dataclass(slots=True)
class _Load:
    """Waits for a grant as a client of the gateway would."""

    outcome: asyncio.Future[Refuse | None]

    def granted(self, endpoint: Endpoint) -> None:
        del endpoint
        if not self.outcome.done():
            self.outcome.set_result(None)

    def refused(self, refusal: Refuse) -> None:
        if not self.outcome.done():
            self.outcome.set_result(refusal)


async def _models(control: Control, request: Request) -> Response:
    del request
    return answer(ModelList(control.status.models()))


async def _load(control: Control, request: Request) -> Response:
    model = known_model(control, request)
    refusal = await _loaded(control, model)
    if refusal is None:
        return answer(control.status.model(model))
    if refusal.failure is None:
        raise Refused(503, refusal.message, refusal.kind.value)
    raise Refused(502, refusal.message, refusal.failure.kind.value, hint=f"read `remuda logs {model}`")


async def _loaded(control: Control, model: str) -> Refuse | None:
    dispatcher = control.status.dispatcher
    number = dispatcher.next_number()
    load = _Load(asyncio.get_running_loop().create_future())
    dispatcher.insist(number, model, load)
    try:
        refusal = await load.outcome
    except asyncio.CancelledError:
        dispatcher.abandon(number)
        raise
    if refusal is None:
        dispatcher.end(number)
    return refusal


async def _unload(control: Control, request: Request) -> Response:
    model = known_model(control, request)
    query = read_query(request, UnloadQuery)
    control.status.dispatcher.unload(model, kill=query.kill)
    return answer(control.status.model(model))


OPERATIONS = (
    Operation("GET", "/api/models", _models, "Every model with its state", ModelList),
    Operation(
        "POST",
        "/api/models/{model:path}/load",
        _load,
        "Load a model; answered when it is ready",
        ModelStatus,
        {**UNKNOWN_MODEL, 502: "It cannot be started.", 503: "It may not be loaded now, or ever."},
    ),
    Operation(
        "POST",
        "/api/models/{model:path}/unload",
        _unload,
        "Take a model out of memory; answered at once, its requests finish first",
        ModelStatus,
        {400: "The query cannot be read.", **UNKNOWN_MODEL},
        UnloadQuery,
    ),
)
